# bash completion for wgq; generated from the command table
# shellcheck shell=bash disable=SC2207 # names of interfaces, files and keys hold no blanks
_wgq_interfaces() {
  local path
  for path in /sys/class/net/*/uevent; do
    [[ -r $path ]] && grep -qs '^DEVTYPE=wireguard' "$path" && path=${path%/uevent} && echo "${path##*/}"
  done
  for path in /var/run/wireguard/*.sock; do
    [[ -S $path ]] && path=${path##*/} && echo "${path%.sock}"
  done
}
_wgq_configs() {
  local path
  for path in /etc/wireguard/*.conf; do
    [[ -e $path ]] && path=${path##*/} && echo "${path%.conf}"
  done
}
_wgq_peers() {
  grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' "/etc/wireguard/$1.conf" 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
  _wgq_names "$1" | sed 's/^/@/'
}
_wgq_names() {
  sed -nE 's/^(#\[disabled\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\([^()]*\))?[[:space:]#]*$/\4/p' "/etc/wireguard/$1.conf" "/etc/wireguard/$1.conf.d"/*.conf 2>/dev/null
}

_wgq() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-} at=$((COMP_CWORD - 1))
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "show showconf set setconf addconf syncconf genkey genpsk pubkey up run down save list strip lint allowed-ips qr import export confirm diff reload init peer doctor wait watch metrics top help version" -- "$cur"))
    return
  fi
  case $verb in
    show)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--json --show-keys --watch --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces) all interfaces" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump" -- "$cur")) ;;
      esac
      ;;
    showconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    set)
      if ((at == 1)); then COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")); return; fi
      case ${COMP_WORDS[COMP_CWORD - 1]} in
        private-key | preshared-key) COMPREPLY=($(compgen -f -- "$cur")) ;;
        peer) COMPREPLY=($(compgen -W "$(_wgq_peers "${COMP_WORDS[2]}")" -- "$cur")) ;;
        listen-port | fwmark | endpoint | persistent-keepalive | allowed-ips) ;;
        *)
          if [[ " ${COMP_WORDS[*]:3:COMP_CWORD-3} " == *" peer "* ]]; then
            COMPREPLY=($(compgen -W "remove preshared-key endpoint persistent-keepalive allowed-ips peer" -- "$cur"))
          else
            COMPREPLY=($(compgen -W "listen-port fwmark private-key peer" -- "$cur"))
          fi
          ;;
      esac
      ;;
    setconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    addconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    syncconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    genkey)
      ;;
    genpsk)
      ;;
    pubkey)
      ;;
    up)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --try ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --name ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --netns ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--kill-switch --try --dry-run --json --name --netns --strict --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    run)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--kill-switch --strict --follow-file --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    down)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    save)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--dry-run --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    list)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--json --help" -- "$cur")); return; fi
      ;;
    strip)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    lint)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--setconf --strict --quiet --json --sarif --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    allowed-ips)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --except ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--except --lines --json --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=() ;;
      esac
      ;;
    qr)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --svg ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --png ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--svg --png --invert --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    import)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --output ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--output --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -f -- "$cur")) ;;
      esac
      ;;
    export)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --to ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --output ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--to --output --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    confirm)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    diff)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--json --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    reload)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--check --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    init)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --address ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --port ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --endpoint ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --dns ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--address --port --endpoint --nat --dns --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=() ;;
      esac
      ;;
    peer)
      if ((at == 1)); then COMPREPLY=($(compgen -W "add list show remove rename disable enable rotate expire" -- "$cur")); return; fi
      ((at--))
      case ${COMP_WORDS[2]} in
    add)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --address ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --output ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --public-key ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --endpoint ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--address --output --qr --keep --public-key --endpoint --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        2) COMPREPLY=() ;;
      esac
      ;;
    list)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--json --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    show)
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--qr --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
    remove)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
    rename)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
        3) COMPREPLY=() ;;
      esac
      ;;
    disable)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
    enable)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
    rotate)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --output ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --public-key ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --endpoint ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--output --qr --keep --public-key --endpoint --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
    expire)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --in ]]; then COMPREPLY=(); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --at ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--in --at --never --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wgq_names "${COMP_WORDS[3]}")" -- "$cur")) ;;
      esac
      ;;
      esac
      ;;
    doctor)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --to ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--json --mtu --to --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    wait)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --peer ]]; then COMPREPLY=($(compgen -W "$(_wgq_peers "${COMP_WORDS[2]}")" -- "$cur")); return; fi
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --timeout ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--up --handshake --peer --timeout --help" -- "$cur")); return; fi
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    watch)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --interval ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--interval --reresolve --follow --follow-file --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    metrics)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --listen ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--listen --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    top)
      if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --interval ]]; then COMPREPLY=(); return; fi
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "--interval --help" -- "$cur")); return; fi
      case $at in
        *) COMPREPLY=($(compgen -W "$(_wgq_interfaces)" -- "$cur")) ;;
      esac
      ;;
    help)
      case $at in
        1) COMPREPLY=($(compgen -W "show showconf set setconf addconf syncconf genkey genpsk pubkey up run down save list strip lint allowed-ips qr import export confirm diff reload init peer doctor wait watch metrics top help version" -- "$cur")) ;;
      esac
      ;;
    version)
      ;;
  esac
}
complete -o nosort -F _wgq wgq
