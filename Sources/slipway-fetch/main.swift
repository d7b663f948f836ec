internal import GitSource
internal import Glibc

exit(FetchHelper.main())
