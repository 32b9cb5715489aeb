# bash completion for wg; generated from the command table
# shellcheck shell=bash disable=SC2207 # names of interfaces, files and keys hold no blanks
_wg_interfaces() {
  local path
  for path in /sys/class/net/*/uevent; do
    [[ -r $path ]] && grep -qs '^DEVTYPE=wireguard' "$path" && path=${path%/uevent} && echo "${path##*/}"
  done
  for path in /var/run/wireguard/*.sock; do
    [[ -S $path ]] && path=${path##*/} && echo "${path%.sock}"
  done
}
_wg_configs() {
  local path
  for path in /etc/wireguard/*.conf; do
    [[ -e $path ]] && path=${path##*/} && echo "${path%.conf}"
  done
}
_wg_peers() {
  grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' "/etc/wireguard/$1.conf" 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
  _wg_names "$1" | sed 's/^/@/'
}
_wg_names() {
  sed -nE 's/^(#\[disabled\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\([^()]*\))?[[:space:]#]*$/\4/p' "/etc/wireguard/$1.conf" "/etc/wireguard/$1.conf.d"/*.conf 2>/dev/null
}

_wg() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-} at=$((COMP_CWORD - 1))
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "show showconf set setconf addconf syncconf genkey genpsk pubkey" -- "$cur"))
    return
  fi
  case $verb in
    show)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_interfaces) all interfaces" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump" -- "$cur")) ;;
      esac
      ;;
    showconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_interfaces)" -- "$cur")) ;;
      esac
      ;;
    set)
      if ((at == 1)); then COMPREPLY=($(compgen -W "$(_wg_interfaces)" -- "$cur")); return; fi
      case ${COMP_WORDS[COMP_CWORD - 1]} in
        private-key | preshared-key) COMPREPLY=($(compgen -f -- "$cur")) ;;
        peer) COMPREPLY=($(compgen -W "$(_wg_peers "${COMP_WORDS[2]}")" -- "$cur")) ;;
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
        1) COMPREPLY=($(compgen -W "$(_wg_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wg_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    addconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wg_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    syncconf)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_interfaces)" -- "$cur")) ;;
        2) COMPREPLY=($(compgen -W "$(_wg_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    genkey)
      ;;
    genpsk)
      ;;
    pubkey)
      ;;
  esac
}
complete -o nosort -F _wg wg
