# fish completion for wgq; generated from the command table

function __wgq_interfaces
    for path in /sys/class/net/*/uevent
        grep -qs '^DEVTYPE=wireguard' $path; and basename (dirname $path)
    end
    for path in /var/run/wireguard/*.sock
        basename $path .sock
    end
end

function __wgq_configs
    for path in /etc/wireguard/*.conf
        basename $path .conf
    end
    __fish_complete_suffix .conf
end

function __wgq_peers
    set -l words (commandline -opc)
    set -l file /etc/wireguard/$words[3].conf
    test -r "$file"; or return
    grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' $file | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
    __wgq_names $words[3] | sed 's/^/@/'
end

function __wgq_names
    set -l name $argv[1]
    test -n "$name"; or set name (commandline -opc)[4]
    for file in /etc/wireguard/$name.conf /etc/wireguard/$name.conf.d/*.conf
        test -r $file; and sed -nE 's/^(#\[disabled\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\([^()]*\))?[[:space:]#]*$/\4/p' $file
    end
end

function __wgq_at --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    set -l first (string split ' ' $verb)
    set -l last (math (count $first) + 1)
    test "$words[2..$last]" = "$verb"; and test (count $words) -eq (math $position + (count $first))
end

function __wgq_from --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    set -l first (string split ' ' $verb)
    set -l last (math (count $first) + 1)
    test "$words[2..$last]" = "$verb"; and test (count $words) -ge (math $position + (count $first))
end

function __wgq_set_words
    set -l words (commandline -opc)
    test "$words[2]" = set; or return
    switch $words[-1]
        case private-key preshared-key
            __fish_complete_path (commandline -ct)
        case peer
            __wgq_peers
        case listen-port fwmark endpoint persistent-keepalive allowed-ips
        case '*'
            if test (count $words) -lt 3
                return
            else if contains peer $words
                printf '%s\n' remove preshared-key endpoint persistent-keepalive allowed-ips peer
            else
                printf '%s\n' listen-port fwmark private-key peer
            end
    end
end

complete -c wgq -f
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a show -d 'Print the settings and the state of interfaces, all of them unless one is named'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a showconf -d 'Print the running settings of an interface as a configuration for setconf'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a set -d 'Change single settings of an interface, add and remove peers'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a setconf -d 'Make an interface run exactly what a configuration says'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a addconf -d 'Add what a configuration says to an interface'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a syncconf -d 'Make an interface run what a configuration says without disturbing peers that stay'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a genkey -d 'Print a new private key'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a genpsk -d 'Print a new preshared key'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a pubkey -d 'Read a private key from standard input and print its public key'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a up -d 'Bring a tunnel up as its configuration file says, or leave everything as it was'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a run -d 'Bring a tunnel up and stay in the foreground, for service managers and containers'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a down -d 'Take a tunnel down, whoever brought it up'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a save -d 'Write the running settings of a tunnel into its configuration file'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a list -d 'Show every tunnel that has a file, is up, or is started by systemd'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a strip -d 'Print a configuration without the keys of wg-quick, as setconf takes it'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a lint -d 'Say what is wrong with configuration files, and whether those of two sides fit together'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a allowed-ips -d 'Compute the shortest prefix list that covers some networks but not others'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a qr -d 'Show a configuration as a QR code for the apps on phones'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a import -d 'Print a NetworkManager or systemd-networkd profile as a configuration file'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a export -d 'Print a configuration as a profile of NetworkManager, systemd-networkd or a BSD'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a confirm -d 'Keep a tunnel that `wgq up --try` brought up'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a diff -d 'Show what differs between a configuration file and its running tunnel'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a reload -d 'Make a running tunnel what its configuration file says, disturbing nothing that stays'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a init -d 'Write a server\'s first configuration file'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a add -d 'Add a peer to the file and the running tunnel, and print the file for it'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a list -d 'Show the peers of a tunnel: names, addresses, who is there'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a show -d 'Show one peer, and its client\'s file where it was kept'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a remove -d 'Remove peers from the file and the running tunnel'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a rename -d 'Give a peer another name'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a disable -d 'Lock peers out and keep their lines in the file as comments'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a enable -d 'Let peers in again that were disabled'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a rotate -d 'Give a peer new keys and print the new file for it'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a peer
complete -c wgq -n '__wgq_at peer 1' -a expire -d 'Set a day after which a peer is locked out, or take it away'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a doctor -d 'Say why a tunnel does not carry traffic, and where a packet would go'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a wait -d 'Wait until an interface is there, or until a handshake is complete'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a watch -d 'Print what happens to interfaces and peers as lines of JSON'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a metrics -d 'Print counters in the text format of Prometheus, or serve them'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a top -d 'Show peers and their rates live, the busiest first'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a help -d 'Say what there is, or how one command is used'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a version -d 'Print the version, and the release of wg that wgq behaves like'
complete -c wgq -n '__wgq_from "show" 1' -l json -d 'print JSON (docs/schema/show.json); keys are hidden'
complete -c wgq -n '__wgq_from "show" 1' -l show-keys -d 'with --json: private and preshared keys in full'
complete -c wgq -n '__wgq_from "show" 1' -l watch -d 'repeat every so many seconds, 2 unless given'
complete -c wgq -n '__wgq_at "show" 1' -a '(__wgq_interfaces) all interfaces'
complete -c wgq -n '__wgq_at "show" 2' -a 'public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump'
complete -c wgq -n '__wgq_at "showconf" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "set" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "setconf" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "setconf" 2' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "addconf" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "addconf" 2' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "syncconf" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "syncconf" 2' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "up" 1' -l kill-switch -d 'block all traffic of this machine (with --netns: of the namespace) outside the tunnel until `wgq down`, even if the data plane crashes'
complete -c wgq -n '__wgq_from "up" 1' -l try -x -a '' -d 'go back after so many seconds unless `wgq confirm` is run: to the state before, or down where the tunnel did not run'
complete -c wgq -n '__wgq_from "up" 1' -l dry-run -d 'change nothing; print the commands it comes down to'
complete -c wgq -n '__wgq_from "up" 1' -l json -d 'with --dry-run: print the steps as JSON, without keys'
complete -c wgq -n '__wgq_from "up" 1' -l name -x -a '' -d 'call the interface so, whatever the file is called'
complete -c wgq -n '__wgq_from "up" 1' -l netns -x -a '' -d 'put the interface into this network namespace; the data plane stays outside'
complete -c wgq -n '__wgq_from "up" 1' -l strict -d 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers'
complete -c wgq -n '__wgq_at "up" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "run" 1' -l kill-switch -d 'as with `wgq up`; stays when the data plane crashes, goes at the end of the run'
complete -c wgq -n '__wgq_from "run" 1' -l strict -d 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers'
complete -c wgq -n '__wgq_from "run" 1' -l follow-file -d 'apply the file whenever it changes, as SIGHUP does'
complete -c wgq -n '__wgq_at "run" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "down" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "save" 1' -l dry-run -d 'write nothing; print what would change in the file, with keys hidden'
complete -c wgq -n '__wgq_at "save" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "list" 1' -l json -d 'print JSON (docs/schema/list.json)'
complete -c wgq -n '__wgq_at "strip" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "lint" 1' -l setconf -d 'the files are for `wg setconf`, which knows no keys of wg-quick'
complete -c wgq -n '__wgq_from "lint" 1' -l strict -d 'warnings make the exit status 1 too'
complete -c wgq -n '__wgq_from "lint" 1' -l quiet -d 'errors and warnings only'
complete -c wgq -n '__wgq_from "lint" 1' -l json -d 'print JSON (docs/schema/lint.json)'
complete -c wgq -n '__wgq_from "lint" 1' -l sarif -d 'print SARIF 2.1.0, for code scanning services'
complete -c wgq -n '__wgq_from "lint" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "allowed-ips" 1' -l except -x -a '' -d 'leave these out; `lan` means the networks of this machine'
complete -c wgq -n '__wgq_from "allowed-ips" 1' -l lines -d 'one prefix a line instead of a list for AllowedIPs'
complete -c wgq -n '__wgq_from "allowed-ips" 1' -l json -d 'print a JSON array'
complete -c wgq -n '__wgq_from "qr" 1' -l svg -x -a '(__fish_complete_path (commandline -ct))' -d 'write an SVG picture to this file instead (mode 0600)'
complete -c wgq -n '__wgq_from "qr" 1' -l png -x -a '(__fish_complete_path (commandline -ct))' -d 'write a PNG picture to this file instead (mode 0600)'
complete -c wgq -n '__wgq_from "qr" 1' -l invert -d 'for terminals with dark text on a light ground'
complete -c wgq -n '__wgq_at "qr" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "import" 1' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write this file (mode 0600) instead of printing it'
complete -c wgq -n '__wgq_from "import" 1' -a '(__fish_complete_path (commandline -ct))'
complete -c wgq -n '__wgq_from "export" 1' -l to -x -a '' -d 'networkmanager, networkd, hostname.if (OpenBSD), rc.conf (FreeBSD) or ifconfig.if (NetBSD)'
complete -c wgq -n '__wgq_from "export" 1' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write the files into this directory (mode 0600) instead of printing them'
complete -c wgq -n '__wgq_at "export" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "confirm" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_from "diff" 1' -l json -d 'print JSON (docs/schema/diff.json)'
complete -c wgq -n '__wgq_at "diff" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "reload" 1' -l check -d 'only look: ends with 0 in sync, 2 when it would change something'
complete -c wgq -n '__wgq_at "reload" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "init" 1' -l address -x -a '' -d 'addresses of the server with their networks; a free private network of each family unless given'
complete -c wgq -n '__wgq_from "init" 1' -l port -x -a '' -d 'UDP port, 51820 or the next free one unless given'
complete -c wgq -n '__wgq_from "init" 1' -l endpoint -x -a '' -d 'where clients find this server: a host name or an address, with a port if another one is forwarded'
complete -c wgq -n '__wgq_from "init" 1' -l nat -d 'let the clients reach the internet through this uplink, the one with the default route unless given'
complete -c wgq -n '__wgq_from "init" 1' -l dns -x -a '' -d 'name servers and search domains for the clients'
complete -c wgq -n '__wgq_from "peer add" 1' -l address -x -a '' -d 'addresses of the peer; the next free one of each network of the interface unless given'
complete -c wgq -n '__wgq_from "peer add" 1' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write the client\'s file here (mode 0600) instead of printing it'
complete -c wgq -n '__wgq_from "peer add" 1' -l qr -d 'show it as a QR code for the apps on phones'
complete -c wgq -n '__wgq_from "peer add" 1' -l keep -d 'keep the client\'s file, private key included, in NAME.clients beside the configuration (mode 0600)'
complete -c wgq -n '__wgq_from "peer add" 1' -l public-key -x -a '' -d 'of a client that made its own key; the file then says where its private key belongs'
complete -c wgq -n '__wgq_from "peer add" 1' -l endpoint -x -a '' -d 'where the client finds this server, instead of `# ClientEndpoint`'
complete -c wgq -n '__wgq_at "peer add" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "peer list" 1' -l json -d 'print JSON (docs/schema/peers.json)'
complete -c wgq -n '__wgq_at "peer list" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "peer show" 1' -l qr -d 'show it as a QR code for the apps on phones'
complete -c wgq -n '__wgq_at "peer show" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "peer show" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_at "peer remove" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "peer remove" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_at "peer rename" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "peer rename" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_at "peer disable" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "peer disable" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_at "peer enable" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_from "peer enable" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_from "peer rotate" 1' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write the client\'s file here (mode 0600) instead of printing it'
complete -c wgq -n '__wgq_from "peer rotate" 1' -l qr -d 'show it as a QR code for the apps on phones'
complete -c wgq -n '__wgq_from "peer rotate" 1' -l keep -d 'keep the client\'s file, private key included, in NAME.clients beside the configuration (mode 0600)'
complete -c wgq -n '__wgq_from "peer rotate" 1' -l public-key -x -a '' -d 'of a client that made its own key; the file then says where its private key belongs'
complete -c wgq -n '__wgq_from "peer rotate" 1' -l endpoint -x -a '' -d 'where the client finds this server, instead of `# ClientEndpoint`'
complete -c wgq -n '__wgq_at "peer rotate" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "peer rotate" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_from "peer expire" 1' -l in -x -a '' -d 'after this time: 90m, 12h, 30d, 2w'
complete -c wgq -n '__wgq_from "peer expire" 1' -l at -x -a '' -d 'at this time: 2027-01-31 or 2027-01-31T18:00Z'
complete -c wgq -n '__wgq_from "peer expire" 1' -l never -d 'take the day away'
complete -c wgq -n '__wgq_at "peer expire" 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at "peer expire" 2' -a '(__wgq_names)'
complete -c wgq -n '__wgq_from "doctor" 1' -l json -d 'print JSON (docs/schema/doctor.json)'
complete -c wgq -n '__wgq_from "doctor" 1' -l mtu -d 'probe the way to each endpoint with packets that are never fragmented, and say which MTU fits'
complete -c wgq -n '__wgq_from "doctor" 1' -l to -x -a '' -d 'follow a packet to this address instead'
complete -c wgq -n '__wgq_from "doctor" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_from "wait" 1' -l up -d 'wait until `up` is through with it: the link is up, with addresses and routes'
complete -c wgq -n '__wgq_from "wait" 1' -l handshake -d 'wait for a handshake that is not older than a session lives (180 s)'
complete -c wgq -n '__wgq_from "wait" 1' -l peer -x -a '(__wgq_peers)' -d 'a handshake with this peer (key or @name), any unless given'
complete -c wgq -n '__wgq_from "wait" 1' -l timeout -x -a '' -d 'give up after so many seconds, 30 unless given; 0 means never'
complete -c wgq -n '__wgq_at "wait" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_from "watch" 1' -l interval -x -a '' -d 'look every so many seconds, 1 unless given'
complete -c wgq -n '__wgq_from "watch" 1' -l reresolve -d 'look up endpoints that are names again when the handshake is old, and set what changed'
complete -c wgq -n '__wgq_from "watch" 1' -l follow -d 'keep the tunnels as their files say while the machine changes, as `wgq run` does; looks every 60 seconds and at each change'
complete -c wgq -n '__wgq_from "watch" 1' -l follow-file -d 'with --follow: apply a file whenever it changes'
complete -c wgq -n '__wgq_from "watch" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_from "metrics" 1' -l listen -x -a '' -d 'serve http://ADDRESS:PORT/metrics instead'
complete -c wgq -n '__wgq_from "metrics" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_from "top" 1' -l interval -x -a '' -d 'refresh every so many seconds, 1 unless given'
complete -c wgq -n '__wgq_from "top" 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at "help" 1' -a 'show showconf set setconf addconf syncconf genkey genpsk pubkey up run down save list strip lint allowed-ips qr import export confirm diff reload init peer doctor wait watch metrics top help version'
complete -c wgq -n '__wgq_from set 2' -a '(__wgq_set_words)'
