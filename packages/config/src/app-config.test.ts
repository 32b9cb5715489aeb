// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { appConfig } from './app-config.ts'
import { parseDocument } from './document.ts'

test('keeps what the apps know, drops the rest and says so', () => {
  const text =
    '# me\r\n[ interface ] # x\r\nprivatekey=k # secret\r\nPostUp = a\npostup = b\nTable=off\nMTU =\n\n[Peer]\nEndpoint=a:1\n'
  expect(appConfig(parseDocument(text))).toEqual({
    text: '[Interface]\nprivatekey = k\n[Peer]\nEndpoint = a:1\n',
    dropped: ['postup', 'Table'],
  })
})

test('leaves routing domains out, which the apps refuse', () => {
  expect(
    appConfig(parseDocument('[Interface]\nDNS = 10.0.0.1 , ~corp.example,example.org\nDNS = ~.\n')),
  ).toEqual({
    text: '[Interface]\nDNS = 10.0.0.1, example.org\n',
    dropped: ['DNS ~corp.example', 'DNS ~.'],
  })
})
