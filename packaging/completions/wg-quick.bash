# bash completion for wg-quick; generated from the command table
# shellcheck shell=bash disable=SC2207 # names of interfaces, files and keys hold no blanks
_wg_quick_interfaces() {
  local path
  for path in /sys/class/net/*/uevent; do
    [[ -r $path ]] && grep -qs '^DEVTYPE=wireguard' "$path" && path=${path%/uevent} && echo "${path##*/}"
  done
  for path in /var/run/wireguard/*.sock; do
    [[ -S $path ]] && path=${path##*/} && echo "${path%.sock}"
  done
}
_wg_quick_configs() {
  local path
  for path in /etc/wireguard/*.conf; do
    [[ -e $path ]] && path=${path##*/} && echo "${path%.conf}"
  done
}
_wg_quick_peers() {
  grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' "/etc/wireguard/$1.conf" 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
  _wg_quick_names "$1" | sed 's/^/@/'
}
_wg_quick_names() {
  sed -nE 's/^(#\[disabled\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\([^()]*\))?[[:space:]#]*$/\4/p' "/etc/wireguard/$1.conf" "/etc/wireguard/$1.conf.d"/*.conf 2>/dev/null
}

_wg_quick() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-} at=$((COMP_CWORD - 1))
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "up down save strip" -- "$cur"))
    return
  fi
  case $verb in
    up)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_quick_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    down)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_quick_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    save)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_quick_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
    strip)
      case $at in
        1) COMPREPLY=($(compgen -W "$(_wg_quick_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")) ;;
      esac
      ;;
  esac
}
complete -o nosort -F _wg_quick wg-quick
