// SPDX-License-Identifier: MIT
import type { Socket } from 'node:net'
import type { Connect } from './connection.ts'

/** Connects a node:net socket. Rejects with the system's error. */
export const connectSocket = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    // Loaded only for a device with a socket: it takes milliseconds.
    const socket = process.getBuiltinModule('node:net').createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

/** Connections by node:net: they need no addon. */
export const connectByNet: Connect = async (path) => {
  const socket = await connectSocket(path)
  return {
    hear: ({ piece, end, error }) => {
      socket.on('data', piece).on('end', end).on('error', error)
    },
    send: (text) => {
      socket.write(text, 'latin1')
    },
    close: () => {
      socket.destroy()
    },
  }
}
