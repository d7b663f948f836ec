# bash completion of slipway
_slipway() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$word" in -*) ;; *) command="$word"; break ;; esac
    done
    case "$previous" in
        --output|-o) COMPREPLY=($(compgen -W "table wide json yaml text markdown" -- "$current")); return ;;
        --socket|--token-file|--repo) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case "$command" in
        "") words="status why doctor history diff trace logs events cron plan validate render simulate secrets import sync retry rollback abort promote approve pause resume exec run token audit whoami notices backup restore completion version help" ;;
        status) words="--watch --timeout --output --socket --server --token-file --no-color --help" ;;
        why) words="--output --socket --server --token-file --no-color --help" ;;
        doctor) words="--output --socket --server --token-file --no-color --help" ;;
        history) words="--limit --output --socket --server --token-file --no-color --help" ;;
        diff) words="--output --socket --server --token-file --no-color --help" ;;
        trace) words="--output --socket --server --token-file --no-color --help" ;;
        logs) words="--follow --process --job --run --since --tail --output --socket --server --token-file --no-color --help" ;;
        events) words="--follow --after --output --socket --server --token-file --no-color --help" ;;
        cron) words="list history run logs --run --follow --since --tail --limit --output --socket --server --token-file --no-color --help" ;;
        plan) words="--repo --head --base --source --output --socket --server --token-file --no-color --help" ;;
        validate) words="--project --output --socket --server --token-file --no-color --help" ;;
        render) words="--project --output --socket --server --token-file --no-color --help" ;;
        simulate) words="--commit --base --app --what --project --output --socket --server --token-file --no-color --help" ;;
        secrets) words="keygen encrypt edit rotate list --app --file --to --identity --project --exact --output --socket --server --token-file --no-color --help" ;;
        import) words="--to --force --project --image --name --destination --output --socket --server --token-file --no-color --help" ;;
        sync) words="--source --wait --timeout --output --socket --server --token-file --no-color --help" ;;
        retry) words="--wait --timeout --output --socket --server --token-file --no-color --help" ;;
        rollback) words="--wait --timeout --output --socket --server --token-file --no-color --help" ;;
        abort) words="--wait --timeout --output --socket --server --token-file --no-color --help" ;;
        promote) words="--full --wait --timeout --output --socket --server --token-file --no-color --help" ;;
        approve) words="--wait --timeout --output --socket --server --token-file --no-color --help" ;;
        pause) words="--output --socket --server --token-file --no-color --help" ;;
        resume) words="--wait --timeout --output --socket --server --token-file --no-color --help" ;;
        exec) words="--instance --stdin --tty --no-tty --output --socket --server --token-file --no-color --help" ;;
        run) words="--process --detach --timeout --list --stdin --tty --no-tty --output --socket --server --token-file --no-color --help" ;;
        token) words="--role --project --expires --output --socket --server --token-file --no-color --help" ;;
        audit) words="--app --project --actor --since --limit --output --socket --server --token-file --no-color --help" ;;
        whoami) words="--output --socket --server --token-file --no-color --help" ;;
        notices) words="--output --socket --server --token-file --no-color --help" ;;
        backup) words="--state-dir --config --force --output --socket --server --token-file --no-color --help" ;;
        restore) words="--state-dir --config-dir --state-only --check --force --output --socket --server --token-file --no-color --help" ;;
        completion) words="bash zsh fish --output --socket --server --token-file --no-color --help" ;;
        version) words="--output --socket --server --token-file --no-color --help" ;;
        help) words="status why doctor history diff trace logs events cron plan validate render simulate secrets import sync retry rollback abort promote approve pause resume exec run token audit whoami notices backup restore completion version help --output --socket --server --token-file --no-color --help" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    case "$command" in validate|render) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
}
complete -o filenames -F _slipway slipway
