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
    sed -n 's/^#[[:space:]]*Name[[:space:]]*=[[:space:]]*/@/p' $file
end

function __wgq_at --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    test "$words[2]" = "$verb"; and test (count $words) -eq (math $position + 1)
end

function __wgq_from --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    test "$words[2]" = "$verb"; and test (count $words) -gt $position
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
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a strip -d 'Print a configuration without the keys of wg-quick, as setconf takes it'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a lint -d 'Say what is wrong with configuration files, and whether those of two sides fit together'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a allowed-ips -d 'Print the fewest prefixes that make up some networks without others'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a qr -d 'Show a configuration as a QR code for the apps on phones'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a import -d 'Print a NetworkManager or systemd-networkd profile as a configuration file'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a export -d 'Print a configuration as a profile of NetworkManager, systemd-networkd or a BSD'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a confirm -d 'Keep a tunnel that `wgq up --try` brought up'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a diff -d 'Show what differs between a configuration file and its running tunnel'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a reload -d 'Make a running tunnel what its configuration file says, disturbing nothing that stays'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a doctor -d 'Say why a tunnel does not carry traffic, and where a packet would go'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a wait -d 'Wait until an interface is there, or until a handshake is complete'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a watch -d 'Print what happens to interfaces and peers as lines of JSON'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a metrics -d 'Print counters in the text format of Prometheus, or serve them'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a top -d 'Show peers and their rates live, the busiest first'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a help -d 'Say what there is, or how one command is used'
complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a version -d 'Print the version, and the release of wg that wgq behaves like'
complete -c wgq -n '__fish_seen_subcommand_from show' -l json -d 'print JSON (docs/schema/show.json); keys are hidden'
complete -c wgq -n '__fish_seen_subcommand_from show' -l show-keys -d 'with --json: private and preshared keys in full'
complete -c wgq -n '__fish_seen_subcommand_from show' -l watch -d 'repeat every so many seconds, 2 unless given'
complete -c wgq -n '__wgq_at show 1' -a '(__wgq_interfaces) all interfaces'
complete -c wgq -n '__wgq_at show 2' -a 'public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump'
complete -c wgq -n '__wgq_at showconf 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at set 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at setconf 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at setconf 2' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at addconf 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at addconf 2' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at syncconf 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at syncconf 2' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from up' -l kill-switch -d 'nothing leaves this machine (with --netns: the namespace) outside of the tunnel until `wgq down`, also when the data plane crashes'
complete -c wgq -n '__fish_seen_subcommand_from up' -l try -x -a '' -d 'take the tunnel down again after so many seconds unless `wgq confirm` is run'
complete -c wgq -n '__fish_seen_subcommand_from up' -l dry-run -d 'change nothing; print the commands it comes down to'
complete -c wgq -n '__fish_seen_subcommand_from up' -l json -d 'with --dry-run: print the steps as JSON, without keys'
complete -c wgq -n '__fish_seen_subcommand_from up' -l netns -x -a '' -d 'put the interface into this network namespace; the data plane stays outside'
complete -c wgq -n '__fish_seen_subcommand_from up' -l strict -d 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers'
complete -c wgq -n '__wgq_at up 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from run' -l kill-switch -d 'as with `wgq up`; stays when the data plane crashes, goes at the end of the run'
complete -c wgq -n '__fish_seen_subcommand_from run' -l strict -d 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers'
complete -c wgq -n '__wgq_at run 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at down 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from save' -l dry-run -d 'write nothing; print what would change in the file, with keys hidden'
complete -c wgq -n '__wgq_at save 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at strip 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from lint' -l setconf -d 'the files are for `wg setconf`, which knows no keys of wg-quick'
complete -c wgq -n '__fish_seen_subcommand_from lint' -l strict -d 'warnings make the exit status 1 too'
complete -c wgq -n '__fish_seen_subcommand_from lint' -l quiet -d 'errors and warnings only'
complete -c wgq -n '__fish_seen_subcommand_from lint' -l json -d 'print JSON (docs/schema/lint.json)'
complete -c wgq -n '__fish_seen_subcommand_from lint' -l sarif -d 'print SARIF 2.1.0, for code scanning services'
complete -c wgq -n '__wgq_from lint 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from allowed-ips' -l except -x -a '' -d 'leave these out; `lan` means the networks of this machine'
complete -c wgq -n '__fish_seen_subcommand_from allowed-ips' -l lines -d 'one prefix a line instead of a list for AllowedIPs'
complete -c wgq -n '__fish_seen_subcommand_from allowed-ips' -l json -d 'print a JSON array'
complete -c wgq -n '__fish_seen_subcommand_from qr' -l svg -x -a '(__fish_complete_path (commandline -ct))' -d 'write an SVG picture to this file instead (mode 0600)'
complete -c wgq -n '__fish_seen_subcommand_from qr' -l invert -d 'for terminals with dark text on a light ground'
complete -c wgq -n '__wgq_at qr 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from import' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write this file (mode 0600) instead of printing it'
complete -c wgq -n '__wgq_from import 1' -a '(__fish_complete_path (commandline -ct))'
complete -c wgq -n '__fish_seen_subcommand_from export' -l to -x -a '' -d 'networkmanager, networkd, hostname.if (OpenBSD), rc.conf (FreeBSD) or ifconfig.if (NetBSD)'
complete -c wgq -n '__fish_seen_subcommand_from export' -l output -x -a '(__fish_complete_path (commandline -ct))' -d 'write the files into this directory (mode 0600) instead of printing them'
complete -c wgq -n '__wgq_at export 1' -a '(__wgq_configs)'
complete -c wgq -n '__wgq_at confirm 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__fish_seen_subcommand_from diff' -l json -d 'print JSON (docs/schema/diff.json)'
complete -c wgq -n '__wgq_at diff 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from reload' -l check -d 'only look: ends with 0 in sync, 2 when it would change something'
complete -c wgq -n '__wgq_at reload 1' -a '(__wgq_configs)'
complete -c wgq -n '__fish_seen_subcommand_from doctor' -l json -d 'print JSON (docs/schema/doctor.json)'
complete -c wgq -n '__fish_seen_subcommand_from doctor' -l to -x -a '' -d 'follow a packet to this address instead'
complete -c wgq -n '__wgq_from doctor 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__fish_seen_subcommand_from wait' -l handshake -d 'wait for a handshake that is not older than a session lives (180 s)'
complete -c wgq -n '__fish_seen_subcommand_from wait' -l peer -x -a '(__wgq_peers)' -d 'a handshake with this peer (key or @name), any unless given'
complete -c wgq -n '__fish_seen_subcommand_from wait' -l timeout -x -a '' -d 'give up after so many seconds, 30 unless given; 0 means never'
complete -c wgq -n '__wgq_at wait 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__fish_seen_subcommand_from watch' -l interval -x -a '' -d 'look every so many seconds, 1 unless given'
complete -c wgq -n '__fish_seen_subcommand_from watch' -l reresolve -d 'look up endpoints that are names again when the handshake is old, and set what changed'
complete -c wgq -n '__wgq_from watch 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__fish_seen_subcommand_from metrics' -l listen -x -a '' -d 'serve http://ADDRESS:PORT/metrics instead'
complete -c wgq -n '__wgq_from metrics 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__fish_seen_subcommand_from top' -l interval -x -a '' -d 'refresh every so many seconds, 1 unless given'
complete -c wgq -n '__wgq_from top 1' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_at help 1' -a 'show showconf set setconf addconf syncconf genkey genpsk pubkey up run down save strip lint allowed-ips qr import export confirm diff reload doctor wait watch metrics top help version'
complete -c wgq -n '__wgq_from set 2' -a '(__wgq_set_words)'
