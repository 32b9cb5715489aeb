// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'

const why = whyNotBuilt() ?? whyNoTunnel() ?? whyNoSystemRoot()
if (why) console.warn(`features/peers: skipped: ${why}`)

const file = '/etc/wireguard/wg0.conf'

describe.skipIf(why)('a server and its peers', () => {
  let root: SystemRoot
  beforeAll(async () => {
    root = await SystemRoot.open('with the checkout')
    root.run(`
      ip link add eth0 type veth peer name gateway
      ip link set gateway up; ip link set eth0 up
      ip address add 192.0.2.10/24 dev eth0
      ip route add default via 192.0.2.1`)
  })
  afterAll(() => root?.remove())
  beforeEach(() => {
    root.tryRun(`${builtBin}/wgq down wg0`)
    root.run('rm -rf /etc/wireguard; mkdir -m 700 /etc/wireguard')
  })

  const wgq = (words: string) => root.tryRun(`cd /tmp; export PATH="${builtBin}:$PATH"; wgq ${words}`)
  const ok = (words: string): string => {
    const done = wgq(words)
    expect(done.status, `wgq ${words}\n${done.stdout}${done.stderr}`).toBe(0)
    return done.stdout
  }
  const read = (path = file): string => root.run(`cat ${path}`)
  const allowed = (): string => ok('show wg0 allowed-ips').replace(/^\S+\t/gm, '')
  const addresses = 'init wg0 --address 10.8.0.1/24,fd08::1/64 --endpoint vpn.example.net'

  test('init writes a file once and shows what comes next', () => {
    const shown = ok('init wg0')
    expect(shown).toContain('  wgq up wg0\n  wgq peer add wg0 phone --qr\n')
    expect(root.run(`stat -c %a ${file} /etc/wireguard`)).toBe('600\n700\n')
    const text = read()
    expect(text).toMatch(/^Address = 10\.8\.0\.1\/24, fd[0-9a-f:]+::1\/64\nListenPort = 51820\n/m)
    // The uplink's address is reachable, as far as this machine can tell.
    expect(text).toContain('# ClientEndpoint = 192.0.2.10:51820\n')
    expect(ok(`lint wg0 --strict`)).not.toContain('error')
    const again = wgq('init wg0')
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('is there already and stays as it is')
    expect(read()).toBe(text)
    ok('init wg1')
    expect(read('/etc/wireguard/wg1.conf')).toMatch(/^Address = 10\.9\.0\.1\/24.*\nListenPort = 51821\n/m)
  })

  test('a peer comes into file and tunnel, gaps are filled, the file for it is what wg-quick takes', () => {
    ok(addresses)
    ok('up wg0')
    const client = ok('peer add wg0 phone')
    expect(client).toMatch(/^Address = 10\.8\.0\.2\/32, fd08::2\/128$/m)
    expect(client).toMatch(/^Endpoint = vpn\.example\.net:51820$/m)
    expect(client).toMatch(/^AllowedIPs = 10\.8\.0\.0\/24, fd08::\/64$/m)
    ok('peer add wg0 laptop --output laptop.conf')
    expect(root.run('stat -c %a /tmp/laptop.conf')).toBe('600\n')
    ok('peer add wg0 tablet --address 10.8.0.9')
    expect(allowed()).toBe('10.8.0.2/32 fd08::2/128\n10.8.0.3/32 fd08::3/128\n10.8.0.9/32 fd08::4/128\n')
    ok('peer remove wg0 phone')
    ok('peer add wg0 watch')
    expect(allowed()).toContain('10.8.0.2/32 fd08::2/128\n')
    expect(ok('diff wg0')).toBe('')
    // No private key of a client is on the server.
    const secret = /PrivateKey = (\S+)/.exec(client)?.[1]
    expect(root.tryRun(`grep -rF '${secret}' /etc/wireguard /run/wgq`).status).toBe(1)
    expect(ok('lint wg0 laptop.conf')).not.toContain('error')
  })

  test('a peer of several sections is one peer: each verb means all of them', () => {
    ok(addresses)
    ok('peer add wg0 phone --output several.conf')
    const [, old = ''] = /^PublicKey = (\S+)/m.exec(read()) ?? []
    root.run(`printf '[Peer]\\nPublicKey = ${old}\\nAllowedIPs = 10.44.0.0/16\\n' >> ${file}`)
    ok('peer disable wg0 phone')
    expect(read()).not.toMatch(/^PublicKey/m)
    ok('peer enable wg0 phone')
    expect(read().match(/^PublicKey/gm)).toHaveLength(2)
    ok('peer rotate wg0 phone --output several-2.conf')
    expect(read()).not.toContain(old)
    ok('up wg0')
    expect(ok('show wg0 peers').trim().split('\n')).toHaveLength(1)
    const [, secret] = /^PresharedKey = (\S+)/m.exec(root.run('cat /tmp/several-2.conf')) ?? []
    expect(ok('show wg0 preshared-keys')).toContain(`\t${secret}\n`)
    ok('peer remove wg0 phone')
    expect(read()).not.toContain('[Peer]')
  })

  test('a peer whose second section gives its name and its end is listed once, renamed, expired and rotated', () => {
    ok(addresses)
    const key = ok('genkey | wgq pubkey').trim()
    root.run(
      `printf '\\n[Peer]\\nPublicKey = %s\\nAllowedIPs = 10.8.0.2/32\\n\\n[Peer]\\n# Name = phone\\n# Expires = 2027-01-01\\nPublicKey = %s\\nAllowedIPs = 10.44.0.0/16\\n' ${key} ${key} >> ${file}`,
    )
    expect(JSON.parse(ok('peer list wg0 --json')).peers).toMatchObject([
      { name: 'phone', allowedIps: ['10.8.0.2/32', '10.44.0.0/16'], expires: '2027-01-01' },
    ])
    ok('peer rename wg0 phone anna')
    expect(read().match(/# Name = .*/g)).toEqual(['# Name = anna'])
    ok('peer expire wg0 anna --at 2028-01-01')
    expect(read().match(/# Expires = .*/g)).toEqual([expect.stringContaining('2028-01-01')])
    ok('peer expire wg0 anna --never')
    expect(read()).not.toContain('Expires')
    expect(ok('peer rotate wg0 anna')).toContain('Address = 10.8.0.2/32\n')
    expect(read()).not.toContain(key)
  })

  test.each([
    ['true', 'goes into the file'],
    ['false', 'stays out of the file'],
  ])('with SaveConfig = %s a peer of `wg set` is not lost and %s', (value) => {
    ok(addresses)
    root.run(`sed -i 's/^ListenPort/SaveConfig = ${value}\\nListenPort/' ${file}`)
    ok('up wg0')
    const guest = ok('genkey | wgq pubkey').trim()
    ok(`set wg0 peer ${guest} allowed-ips 10.8.0.2/32 persistent-keepalive 7`)
    expect(ok('peer add wg0 phone')).toContain('Address = 10.8.0.3/32, fd08::2/128\n')
    for (const words of [
      'peer rename wg0 phone anna',
      'peer rotate wg0 anna',
      'peer disable wg0 anna',
      'peer remove wg0 anna',
    ]) {
      ok(words)
      expect(ok('show wg0 allowed-ips'), words).toContain(`${guest}\t10.8.0.2/32\n`)
      expect(ok('show wg0 persistent-keepalive'), words).toContain(`${guest}\t7\n`)
    }
    expect(read().includes(guest)).toBe(value === 'true')
    const before = read()
    expect(wgq('peer add wg0 x >/dev/full').status).toBe(1)
    expect(read()).toBe(before)
    expect(ok('show wg0 peers')).toBe(`${guest}\n`)
  })

  test('a private key that is not clamped, as other programs make them, is no difference', () => {
    ok(addresses)
    root.run(`sed -i 's|^PrivateKey = .*|PrivateKey = CQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH/8=|' ${file}`)
    ok('up wg0')
    expect(ok('diff wg0')).toBe('')
    ok('up wg0')
    ok('peer add wg0 phone')
    expect(ok('reload --check wg0')).toBe('')
  })

  test('a network that is full takes nothing away from an address that was chosen; one given twice is one', () => {
    ok('init wg0 --address 10.8.0.1/30,fd08::1/64 --endpoint vpn.example.net')
    ok('peer add wg0 phone')
    const full = wgq('peer add wg0 tablet')
    expect(full.stderr).toContain('10.8.0.0/30 has no free address left')
    expect(ok('peer add wg0 tablet --address fd08::9,fd08::9')).toContain('Address = fd08::9/128\n')
  })

  test('a name as people write it, and `-` for standard output', () => {
    ok(addresses)
    expect(ok('peer add wg0 phone --output -')).toContain('PrivateKey')
    ok(`peer rename wg0 phone "Anna's phone"`)
    // What a message offers can be pasted, with the path and the name that were given.
    const shown = wgq(`peer show ${file} "Anna's phone"`).stderr
    const [, offered = ''] = /`(wgq peer rotate .*)` makes/.exec(shown) ?? []
    expect(offered).toContain(file)
    expect(ok(offered.replace(/^wgq /, ''))).toContain("# Name = Anna's phone\n")
    expect(ok('peer list wg0')).toContain("Anna's phone")
    expect(ok(`peer add wg0 "Ben's" --keep`)).toContain("# Name = Ben's\n")
    expect(ok(`peer show wg0 "Ben's"`)).toContain("# Name = Ben's\n")
    expect(ok('qr --svg=- wg0')).toContain('<svg')
    expect(ok('export --to networkmanager --output=- wg0')).toContain('[wireguard]')
    expect(root.run('ls /tmp')).not.toMatch(/^-/m)
  })

  test.each(['all', 'default', 'interfaces', './.conf'])(
    'init refuses %s as the name of an interface',
    (name) => {
      expect(wgq(`init ${name} --endpoint vpn.example.net`)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('hint: '),
      })
      expect(root.run('ls -A /etc/wireguard')).toBe('')
    },
  )

  test('a public key that somebody else has, or nobody, is refused', () => {
    ok(addresses)
    ok('up wg0')
    ok('peer add wg0 phone')
    ok('peer add wg0 laptop')
    const guest = ok('genkey | wgq pubkey').trim()
    ok(`set wg0 peer ${guest} allowed-ips 10.8.0.77/32`)
    const before = read()
    const [own = ''] = /(?<=^PrivateKey = )\S+/m.exec(before) ?? []
    const [phone, laptop] = before.match(/(?<=^PublicKey = )\S+/gm) ?? []
    const server = root.run(`echo ${own} | ${builtBin}/wgq pubkey`).trim()
    for (const key of [phone, server, own, guest, `${'A'.repeat(43)}=`])
      for (const words of ['peer add wg0 tablet', 'peer rotate wg0 laptop']) {
        const done = wgq(`${words} --public-key=${key}`)
        expect(done.status, `${words} ${key}`).toBe(1)
        expect(done.stderr).not.toContain(own)
        expect(read()).toBe(before)
      }
    ok(`peer rotate wg0 laptop --public-key=${laptop}`)
    expect(read()).toContain(`PublicKey = ${laptop}\n`)
  })

  test('wherever it fails, file and tunnel are as before', () => {
    ok(addresses)
    ok('up wg0')
    ok('peer add wg0 phone')
    const before = { text: read(), allowed: allowed() }
    const failing = [
      'peer add wg0 phone',
      'peer add wg0 x --output /no/such/folder/x.conf',
      'peer add wg0 x >/dev/full',
      'peer add wg0 x --address 10.8.0.2',
      'peer add wg0 x --address 10.8.0.0',
      'peer add wg0 x --address 10.8.0.255',
      'peer add wg0 x --address ::/0',
      'peer add wg0 x --address=',
      'peer add wg0 x --public-key nonsense',
      'peer add wg0 "# x"',
      'peer add wg0 x --endpoint "*"',
      'peer add wg0 x --endpoint "a b:1"',
      'peer rename wg0 phone phone',
      'peer remove wg0 phone nobody',
      'peer rotate wg0 phone >/dev/full',
      'peer expire wg0 phone',
    ]
    for (const words of failing) {
      const done = wgq(words)
      expect(done.status, words).toBe(1)
      expect(done.stderr).toContain('hint: ')
      expect(read(), words).toBe(before.text)
      expect(allowed(), words).toBe(before.allowed)
    }
    expect(root.run('ls -A /etc/wireguard')).toBe('wg0.conf\n')
  })

  test.each([
    ['reads peers from a file', 'wg addconf %i /etc/wireguard/more', ''],
    [
      'names them',
      'wg set %i peer PHONE preshared-key /etc/wireguard/psk; wg set %i peer TABLET persistent-keepalive 25',
      'names',
    ],
  ])(
    'who is locked out leaves the device also where a hook %s, and peers of hooks alone stay',
    (_, hook, named) => {
      const running = () => ok('show wg0 peers').trim().split('\n').sort()
      const keyOf = (name: string) =>
        new RegExp(`# Name = ${name}\n(?:.*\n)*?PublicKey = (\\S+)`).exec(read())?.[1] ?? ''
      ok(addresses)
      ok('peer add wg0 phone')
      ok('peer add wg0 tablet')
      const [phone, tablet] = [keyOf('phone'), keyOf('tablet')]
      const guest = ok('genkey | wgq pubkey').trim()
      const hooks = `PostUp = ${hook.replace('PHONE', phone).replace('TABLET', tablet)}\nPostUp = wg set %i peer ${guest} allowed-ips 10.8.0.99/32`
      root.run(`umask 077; cd /etc/wireguard; ${builtBin}/wgq genpsk > psk
      printf '[Peer]\nPublicKey = ${guest}\n' > more`)
      root.run(`cat > /tmp/hooks <<'end'\n${hooks}\nend\nsed -i '/^ListenPort/r /tmp/hooks' ${file}`)
      ok('up wg0')
      const all = [phone, tablet, guest].sort()
      expect(running()).toEqual(all)
      for (const words of ['peer add wg0 x >/dev/full', 'peer rotate wg0 phone >/dev/full']) {
        expect(wgq(words).status, words).toBe(1)
        expect(running(), words).toEqual(all)
      }
      const warning = (name: string) =>
        `[!] A hook of wg0 names ${name}: the next \`wgq up wg0\` may bring it back.`
      const off = wgq('peer disable wg0 phone')
      expect(off.status).toBe(0)
      expect(running()).toEqual([tablet, guest].sort())
      expect(off.stderr.includes(warning(phone))).toBe(named !== '')
      ok('peer enable wg0 phone')
      expect(running()).toEqual(all)
      const rotated = wgq('peer rotate wg0 phone')
      expect(rotated.status).toBe(0)
      expect(running()).toEqual([keyOf('phone'), tablet, guest].sort())
      expect(rotated.stderr.includes(warning(phone))).toBe(named !== '')
      ok('down wg0')
      const removed = wgq('peer remove wg0 tablet')
      expect(removed.stderr.includes(warning(tablet))).toBe(named !== '')
    },
  )

  test('without an endpoint the error names what the uplink has', () => {
    root.run(
      `umask 077; printf '[Interface]\\nPrivateKey = %s\\nAddress = 10.8.0.1/24\\nListenPort = 5\\n' "$(${builtBin}/wgq genkey)" > ${file}`,
    )
    const done = wgq('peer add wg0 phone')
    expect(done.status).toBe(1)
    expect(done.stderr).toContain('the uplink has 192.0.2.10 (eth0)')
    expect(ok('peer add wg0 phone --endpoint 2001:db8::1')).toContain('Endpoint = [2001:db8::1]:5\n')
  })

  test('a file with a byte-order mark is refused by that word, and stays', () => {
    ok(addresses)
    root.run(`sed -i '1s/^/\\xef\\xbb\\xbf/' ${file}`)
    const before = read()
    for (const words of ['peer add wg0 x', 'peer list wg0', 'peer remove wg0 x'])
      expect(wgq(words)).toMatchObject({ status: 1, stderr: expect.stringContaining('byte-order mark') })
    expect(read()).toBe(before)
  })

  test('on a terminal the endpoint is asked for, remembered, and nothing is changed without an answer', () => {
    root.run(
      `umask 077; printf '[Interface]\\nPrivateKey = %s\\nAddress = 10.8.0.1/24\\nListenPort = 5\\n' "$(${builtBin}/wgq genkey)" > ${file}`,
    )
    const before = read()
    // On a pseudo-terminal of script(1); keys are typed when the question is there.
    const typed = (keys: string) =>
      root.tryRun(`cd /tmp; rm -f seen ended; touch seen
        { timeout 60 sh -c 'until grep -q "Where do clients" seen; do sleep 0.1; done'; printf '${keys}'
          timeout 60 sh -c 'until [ -s ended ]; do sleep 0.1; done'; } |
          script -qefc '${builtBin}/wgq peer add wg0 phone --output phone.conf; echo $? > ended' seen >/dev/null || true
        cat seen; exit "$(cat ended)"`)
    // Ctrl-D, Ctrl-C, and what is not an endpoint.
    for (const keys of ['\\004', '\\003', 'a b\\r']) {
      const refused = typed(keys)
      expect(refused.status, `${keys}: ${refused.stdout}`).not.toBe(0)
      expect(read(), keys).toBe(before)
    }
    const done = typed('vpn.example.net\\r')
    expect(done.status, done.stdout).toBe(0)
    expect(done.stdout).toContain('192.0.2.10 (eth0)')
    expect(read('/tmp/phone.conf')).toContain('Endpoint = vpn.example.net:5\n')
    expect(read()).toContain('# ClientEndpoint = vpn.example.net:5\n')
    // Enter alone takes what is offered.
    root.run(`rm /tmp/phone.conf; sed -i '/ClientEndpoint/d; /Peer/,$d' ${file}`)
    expect(typed('\\r').status).toBe(0)
    expect(read('/tmp/phone.conf')).toContain('Endpoint = 192.0.2.10:5\n')
  })

  test('renamed, disabled, enabled, rotated, given a day; kept files follow', () => {
    ok(addresses)
    ok('up wg0')
    ok('peer add wg0 phone --keep')
    const kept = '/etc/wireguard/wg0.clients'
    expect(root.run(`stat -c %a ${kept} ${kept}/phone.conf`)).toBe('700\n600\n')
    const added = read()
    ok('peer rename wg0 phone "Anna 2"')
    expect(read()).toBe(added.replace('# Name = phone', '# Name = Anna 2'))
    expect(ok('peer show wg0 "Anna 2"')).toBe(read(`${kept}/"Anna 2.conf"`))
    ok('peer rename wg0 "Anna 2" phone')
    ok('peer disable wg0 phone')
    expect(allowed()).toBe('')
    ok('peer add wg0 other --public-key "$(wgq genkey | wgq pubkey)"')
    expect(allowed()).toBe('10.8.0.3/32 fd08::3/128\n')
    ok('peer remove wg0 other')
    ok('peer enable wg0 phone')
    expect(read()).toBe(added)
    const old = /PrivateKey = (\S+)/.exec(read(`${kept}/phone.conf`))?.[1]
    const fresh = ok('peer rotate wg0 phone')
    expect(fresh).not.toContain(old)
    expect(read(`${kept}/phone.conf`)).toBe(fresh)
    expect(ok('show wg0 peers').trim()).toBe(
      root.run(`sed -n 's/^PrivateKey = //p' ${kept}/phone.conf | ${builtBin}/wgq pubkey`).trim(),
    )
    ok('peer expire wg0 phone --at 2031-01-31')
    expect(read()).toContain('# Name = phone\n# Expires = 2031-01-31T23:59:59Z\n')
    ok('peer expire wg0 phone --never')
    expect(read()).not.toContain('Expires')
    ok('peer remove wg0 phone')
    expect(root.run(`ls ${kept}`)).toBe('')
  })

  test('a peer whose day has come is locked out by watch, until it is let in again', () => {
    ok(addresses)
    ok('peer add wg0 guest')
    ok('up wg0')
    expect(ok('wait wg0 --up --timeout 5')).toBe('')
    const seen = root.run(`export PATH="${builtBin}:$PATH"; cd /tmp
      wgq watch wg0 --interval 0.2 > events & watcher=$!
      wgq peer expire wg0 guest --at 2020-01-01
      timeout 60 sh -c 'until grep -q expired events; do sleep 0.1; done'
      kill $watcher; cat events`)
    expect(seen).toMatch(/"event":"expired","interface":"wg0","peer":"[^"]+"/)
    for (const line of seen.trim().split('\n')) expect(schemaFaults('event', JSON.parse(line))).toEqual([])
    expect(allowed()).toBe('')
    ok('peer enable wg0 guest')
    expect(read()).not.toContain('Expires')
    expect(allowed()).toBe('10.8.0.2/32 fd08::2/128\n')
  })

  test('lists for people and for programs', () => {
    ok(addresses)
    expect(ok('peer list wg0')).toContain('wg0 has no peers')
    ok('peer add wg0 phone')
    ok('peer add wg0 tablet')
    ok('peer disable wg0 tablet')
    expect(ok('peer list wg0')).toMatch(/^phone +10\.8\.0\.2 fd08::2 +- +- .*\ntablet .* disabled /m)
    ok('up wg0')
    const peers = JSON.parse(ok('peer list wg0 --json'))
    expect(schemaFaults('peers', peers)).toEqual([])
    expect(
      peers.peers.map((peer: { name: string; disabled: boolean }) => [peer.name, peer.disabled]),
    ).toEqual([
      ['phone', false],
      ['tablet', true],
    ])
    ok('init wg1')
    root.run(`mkdir -p /etc/systemd/system/multi-user.target.wants
      ln -sf /lib/systemd/system/wg-quick@.service /etc/systemd/system/multi-user.target.wants/wg-quick@lost.service`)
    const list = JSON.parse(ok('list --json'))
    expect(schemaFaults('list', list)).toEqual([])
    expect(list.tunnels).toMatchObject([
      { name: 'lost', file: null, up: false, unit: 'wg-quick@lost.service' },
      { name: 'wg0', file, up: true, unit: null, peers: 1, seen: 0 },
      { name: 'wg1', up: false, peers: null },
    ])
    expect(ok('status')).toBe(ok('list'))
  })

  test('peers in files of their own are read in order and changed where they are', () => {
    ok(addresses)
    ok('peer add wg0 phone')
    root.run(`mkdir -m 700 ${file}.d
      printf '[Peer]\\n# Name = branch\\nPublicKey = %s\\nAllowedIPs = 10.8.0.3/32\\n' "$(${builtBin}/wgq genkey | ${builtBin}/wgq pubkey)" > ${file}.d/10-branch.conf`)
    const [main, branch] = [read(), read(`${file}.d/10-branch.conf`)]
    ok('up wg0')
    expect(allowed()).toBe('10.8.0.2/32 fd08::2/128\n10.8.0.3/32\n')
    expect(ok('show wg0')).toContain('branch')
    expect(ok('diff wg0')).toBe('')
    ok('peer disable wg0 branch')
    expect(read()).toBe(main)
    expect(allowed()).toBe('10.8.0.2/32 fd08::2/128\n')
    ok('peer enable wg0 branch')
    ok('set wg0 peer @branch persistent-keepalive 25')
    ok('save wg0')
    expect(read()).toBe(main)
    expect(read(`${file}.d/10-branch.conf`)).toBe(`${branch}PersistentKeepalive = 25\n`)
    expect(ok('peer add wg0 laptop')).toMatch(/^Address = 10\.8\.0\.4\/32/m)
    expect(ok('strip wg0').match(/^PublicKey/gm)).toHaveLength(3)
    expect(root.run(`${builtBin}/wg-quick strip wg0`).match(/^PublicKey/gm)).toHaveLength(2)
    root.run(
      `printf '[Peer]\\n# Name = late\\nAllowedIPs = 10.8.0.3/32\\nPublicKey = x\\n' > ${file}.d/20.conf`,
    )
    const linted = wgq('lint wg0')
    expect(linted.status).toBe(1)
    expect(linted.stdout).toContain(`${file}.d/20.conf:4:13: error:`)
    root.run(`printf '[Interface]\\nMTU = 1300\\n' > ${file}.d/20.conf`)
    const done = wgq('reload wg0')
    expect(done.status).toBe(1)
    expect(done.stderr).toContain('[Peer] sections only')
  })

  test('many at once, then one after the other: nobody is lost, no address is given twice', () => {
    ok('init wg0 --address 10.8.0.1/22,fd08::1/64 --endpoint vpn.example.net')
    const most = process.env['WGQ_LONG'] ? 500 : 40
    const adds = (from: number, to: number, atOnce: number): void => {
      // In pieces, because a run has a time limit.
      for (let at = from; at <= to; at += 40)
        root.run(
          `export PATH="${builtBin}:$PATH"; cd /tmp; seq ${at} ${Math.min(at + 39, to)} | xargs -P ${atOnce} -I{} sh -c 'wgq peer add wg0 p{} >/dev/null 2>p{}.err || { cat p{}.err >&2; exit 1; }'`,
        )
    }
    if (most > 40) ok('up wg0')
    adds(1, most, 8)
    adds(most + 1, most + most / 10, 1)
    const all = most + most / 10
    const used = [...read().matchAll(/^AllowedIPs = (.*)$/gm)].map(([, value = '']) => value.split(', '))
    expect(used).toHaveLength(all)
    expect(new Set(used.flat()).size).toBe(2 * all)
    expect(new Set([...read().matchAll(/# Name = (p\d+)/g)].map(([, name]) => name)).size).toBe(all)
    // None was left out.
    const last = `10.8.${(all + 1) >> 8}.${(all + 1) & 255}/32`
    expect(used.map(([v4]) => v4)).toContain(last)
    expect(root.run('ls -A /etc/wireguard')).toBe('wg0.conf\n')
    if (most > 40) expect(allowed().trim().split('\n')).toHaveLength(all)
  })

  test('a file with a long name, called otherwise', () => {
    ok('init ./wg7 --address 10.77.0.1/24')
    root.run('mv /tmp/wg7.conf /tmp/provider-with-a-very-long-name.conf')
    ok('up --name pvpn ./provider-with-a-very-long-name.conf')
    expect(ok('show interfaces')).toBe('pvpn\n')
    expect(ok('diff pvpn')).toBe('')
    ok('reload pvpn')
    ok('down pvpn')
    expect(ok('show interfaces')).toBe('')
    expect(wgq('up --name a/b ./provider-with-a-very-long-name.conf').stderr).toContain(
      'is not a name of an interface',
    )
  })

  test('what was mistyped is suggested', () => {
    expect(wgq('relod wg0').stderr).toContain('did you mean `wgq reload`?')
    expect(wgq('help per').stderr).toContain('did you mean `wgq peer`?')
    expect(wgq('peer ad wg0 x').stderr).toContain('did you mean `wgq peer add`?')
    expect(ok('help peer')).toContain('peer rotate')
    expect(ok('peer add --help')).toContain('Usage: wgq peer add [options] <interface> <name>')
  })
})
