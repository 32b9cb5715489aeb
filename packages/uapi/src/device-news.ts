// SPDX-License-Identifier: MIT
import type { Socket } from 'node:net'
import { connectPatiently } from './connection.ts'
import { connectSocket } from './net-connection.ts'

/** A subscription to a daemon's news of its device. */
export interface DeviceNews {
  /** False once the daemon has closed the connection. */
  readonly isOpen: boolean
  close(): void
}

/** A daemon that supports the request answers at once, a busy one later. */
const answerMs = 5000

/**
 * Calls `onNews` when a peer of an interface has not answered for two seconds, after each change of its settings, and
 * when the daemon has ended. Resolves to undefined if no daemon answers, or if it does not support the request (others
 * close the connection).
 */
export const hearNews = async (
  name: string,
  onNews: () => void,
  directory = '/var/run/wireguard',
): Promise<DeviceNews | undefined> => {
  let socket: Socket
  try {
    socket = await connectPatiently(connectSocket, `${directory}/${name}.sock`)
  } catch {
    return undefined
  }
  const news = {
    isOpen: true,
    close: () => {
      news.isOpen = false
      socket.destroy()
    },
  }
  const known = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), answerMs)
    let first = true
    socket.on('error', () => socket.destroy())
    socket.on('data', (answer) => {
      if (first) {
        clearTimeout(timer)
        resolve(answer.toString('latin1').startsWith('errno=0\n'))
      } else if (news.isOpen) onNews()
      first = false
    })
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(false)
      if (news.isOpen && !first) onNews()
      news.isOpen = false
    })
    socket.write('wgq_news=1\n\n')
  })
  if (known) return news
  news.close()
  return undefined
}
