#compdef slipway
_slipway() {
    local -a commands
    commands=(
        'status:Show how the apps are doing'
        'why:Say why an app is not as wanted'
        'doctor:Find what is wrong with the installation itself'
        'history:List rollouts, newest first'
        'diff:Show what differs between two releases'
        'trace:Say where a container comes from'
        'logs:Show the log lines of an app s instances, or of a job'
        'events:Show what the controller has seen and done'
        'cron:Look at commands that are run by the clock, and run one now'
        'plan:Say what a commit or a work tree would change'
        'validate:Check specs without a controller'
        'render:Print specs in normal form, without a controller'
        'simulate:Show step by step what a commit would do, without a controller'
        'secrets:Make keys, and encrypt, edit, rotate and list the secrets of a work tree'
        'import:Write specs from a Compose file, a Procfile or Kamal s deploy.yml'
        'sync:Fetch now instead of at the next poll'
        'retry:Try a release again that failed'
        'rollback:Go back to an earlier release'
        'abort:Stop a rollout and go back to the last good release'
        'promote:End the wait of a rollout s present step'
        'approve:Let through what is held for approval'
        'pause:Leave an app as it is until  resume '
        'resume:Take a paused app up again'
        'exec:Run a command in a running instance'
        'run:Run a command once, in a container of its own'
        'token:Give, list and take away tokens for the API'
        'audit:Show who changed or tried what, newest first'
        'whoami:Show who the controller takes you for, and what you may do'
        'notices:Send a test notice'
        'backup:Save the controller s own state  store, certificates, keys, configuration'
        'restore:Put a backup of the controller s state back'
        'completion:Print a shell s completion script'
        'version:Print the version of this program'
        'help:Explain a command'
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "${words[2]}" in
        status) _arguments \
            '--watch[follow until the state is final]' \
            '--timeout[with --watch  how long to follow, such as 90s or 15m; default no limit]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        why) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        doctor) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        history) _arguments \
            '--limit[how many; default 20, at most 1000]:N: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        diff) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        trace) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::CONTAINER:_files' ;;
        logs) _arguments \
            '--follow[go on with new lines as they come]' \
            '--process[one process only]:NAME: ' \
            '--job[a job s newest run instead   release  is the release command]:NAME: ' \
            '--run[with --job  this run, such as v42.1]:RUN: ' \
            '--since[lines of the last such time only, such as 10m]:TIME: ' \
            '--tail[so many last lines of each instance; default 100, at most 10000]:N: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        events) _arguments \
            '--follow[go on with new events as they come]' \
            '--after[events after this number only]:N: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        cron) _arguments \
            '--run[of logs  a run as history names it, such as 20261126T0300Z]:ID: ' \
            '--follow[of logs  go on with new lines as they come]' \
            '--since[of logs  lines of the last such time only, such as 10m]:TIME: ' \
            '--tail[of logs  so many last lines; default 100, at most 10000]:N: ' \
            '--limit[of history  how many; default 20, at most 1000]:N: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ACTION:(list history run logs)' ;;
        plan) _arguments \
            '--repo[send the files of this work tree]:PATH:_files' \
            '--head[the branch, or the full id of a commit, to plan; default  the source s branch]:REV: ' \
            '--base[leave out what differs from the live state in this one already]:REV: ' \
            '--source[one source only]:NAME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        validate) _arguments \
            '--project[the source s default project; default  default ]:NAME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::PATH:_files' ;;
        render) _arguments \
            '--project[the source s default project; default  default ]:NAME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::PATH:_files' ;;
        simulate) _arguments \
            '--commit[the commit that arrives; default HEAD. WORKTREE  the files as they are on disk]:REV: ' \
            '--base[the state before; default  the commit s first parent, for WORKTREE  HEAD. none  nothing runs]:REV: ' \
            '--app[show one app only; all are simulated]:NAME: ' \
            '--what[what happens  good, bad, registry, host or all; default all]:SCENARIO:(good bad registry host all)' \
            '--project[the source s default project; default  default ]:NAME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::PATH:_files' ;;
        secrets) _arguments \
            '--app[encrypt  for this app, into the file that its spec names]:APP: ' \
            '--file[encrypt  into this file]:PATH:_files' \
            '--to[age1…, several with commas; default  those of the file]:RECIPIENTS: ' \
            '--identity[edit, rotate  file with the keys that open the values; default  SLIPWAY_IDENTITY]:PATH:_files' \
            '--project[rotate  only the apps of this project; list  the source s default project]:NAME: ' \
            '--exact[encrypt  keep a line end at the end of the input]' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ACTION:(keygen encrypt edit rotate list)' ;;
        import) _arguments \
            '--to[write the specs, and the files that they name, into this directory]:DIR: ' \
            '--force[with --to  write over files that are there]' \
            '--project[the project of the specs; default  the name in the Compose file]:NAME: ' \
            '--image[procfile  the image that holds the app]:IMAGE: ' \
            '--name[procfile  what the app is called; default  the directory s name]:NAME: ' \
            '--destination[kamal  lay deploy.NAME.yml over the file]:NAME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::KIND:_files' ;;
        sync) _arguments \
            '--source[one source only]:NAME: ' \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        retry) _arguments \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        rollback) _arguments \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        abort) _arguments \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        promote) _arguments \
            '--full[all remaining steps, not the present one alone]' \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        approve) _arguments \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::COMMIT|APP:_files' ;;
        pause) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        resume) _arguments \
            '--wait[follow until the state is final, and exit with its code]' \
            '--timeout[with --wait  how long to follow, such as 90s or 15m; default 30m]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP:_files' ;;
        exec) _arguments \
            '--instance[this instance, as  slipway status APP  shows it]:NAME: ' \
            '--stdin[pass the standard input on]' \
            '--tty[give the command a terminal, also where there is none here]' \
            '--no-tty[give it none, also where there is one here]' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP[/PROCESS]:_files' ;;
        run) _arguments \
            '--process[borrow from this process; the same as APP/NAME]:NAME: ' \
            '--detach[do not wait for it]' \
            '--timeout[stop it after this time, such as 90s or 2h; at most 30 days]:TIME: ' \
            '--list[show the app s runs and change nothing]' \
            '--stdin[pass the standard input on]' \
            '--tty[give the command a terminal, also where there is none here]' \
            '--no-tty[give it none, also where there is one here]' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::APP[/PROCESS]:_files' ;;
        token) _arguments \
            '--role[of create  viewer, developer, operator or admin]:ROLE:(viewer developer operator admin)' \
            '--project[of create  these projects only, such as retail,press]:NAMES: ' \
            '--expires[of create  how long it is good for, such as 12h or 30d; default 90d]:TIME: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ACTION:_files' ;;
        audit) _arguments \
            '--app[one app only]:NAME: ' \
            '--project[one project only]:NAME: ' \
            '--actor[who has this in their name only]:TEXT: ' \
            '--since[of the last such time only, such as 24h or 7d]:TIME: ' \
            '--limit[how many; default 50, at most 1000]:N: ' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        whoami) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        notices) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ACTION:_files' ;;
        backup) _arguments \
            '--state-dir[the controller s state directory; default  what the configuration says, else /var/lib/slipway]:DIR: ' \
            '--config[the controller s configuration; default /etc/slipway/slipway.yaml]:FILE: ' \
            '--force[write over what is there]' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::FILE:_files' ;;
        restore) _arguments \
            '--state-dir[where the state goes; default  what the configuration in the backup says]:DIR: ' \
            '--config-dir[where the configuration goes; default  /etc/slipway]:DIR: ' \
            '--state-only[leave the configuration as it is on this machine]' \
            '--check[check the backup and say what would be written]' \
            '--force[write over what is there]' \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::FILE:_files' ;;
        completion) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::SHELL:(bash zsh fish)' ;;
        version) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::ARGUMENT:_files' ;;
        help) _arguments \
            '--output[how the result is written  table (for people), wide, json, yaml, text or markdown]:FORMAT:(table wide json yaml text markdown)' \
            '--socket[the controller s socket; default  SLIPWAY_SOCKET, else /run/slipway/slipway.sock]:PATH:_files' \
            '--server[the controller s address instead of a socket; default  SLIPWAY_SERVER]:URL: ' \
            '--token-file[file with the token for --server; default  SLIPWAY_TOKEN_FILE]:PATH:_files' \
            '--no-color[no colour, as with NO_COLOR set or when the output is not a terminal]' \
            '--help[show this help]' \
            '*::COMMAND:(status why doctor history diff trace logs events cron plan validate render simulate secrets import sync retry rollback abort promote approve pause resume exec run token audit whoami notices backup restore completion version help)' ;;
    esac
}
compdef _slipway slipway
