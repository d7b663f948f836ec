/// A small image that answers `/health`: busybox and nothing else, imported without a registry.
enum BenchImage {
    /// Makes two images under `name` and returns their references.
    static func make(_ bench: Bench, _ docker: RawDocker, name: String) async throws -> [String] {
        try await bench.withFolder { folder in
            let script = """
                set -eu
                mkdir -p rootfs/bin rootfs/www rootfs/etc rootfs/proc rootfs/sys rootfs/dev rootfs/tmp
                cp "$(command -v busybox)" rootfs/bin/busybox
                for applet in sh httpd sleep; do ln -s busybox "rootfs/bin/$applet"; done
                echo ok >rootfs/www/health
                tar --owner=0 --group=0 --numeric-owner -C rootfs -cf image.tar .
                """
            try await bench.command(["/bin/sh", "-c", script], in: folder)
            var references: [String] = []
            for version in 1...2 {
                // A shell that waits ends at once when it is told to; a first process without a trap would not.
                let program = #"["/bin/sh","-c","trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"]"#
                let changes = ["CMD \(program)", "ENV VERSION=\(version)", "ENV PATH=/bin"]
                let options = changes.flatMap { ["--change", $0] }
                let reference = "\(name):\(version)"
                let arguments = ["/usr/bin/env", "docker", "--host", "unix://\(bench.engineSocket)", "import"]
                try await bench.command(arguments + options + ["\(folder)/image.tar", reference])
                references.append(reference)
            }
            return references
        }
    }
}
