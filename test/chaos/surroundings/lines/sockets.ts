/** Whose socket it is. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The kernel's table is read in pieces, and a row may slip through while others come and go. */
const READS = 10

/** Has the process the TCP socket of this machine, an open one, whose own port is that one? */
export function holdsPort(pid: number, port: number): boolean {
  for (let reads = 0; reads < READS; reads++) {
    const inodes = new Set(socketsWithPort(port))
    if (inodes.size > 0) return socketsOf(pid).some((inode) => inodes.has(inode))
  }
  return false
}

/** The port on which the process listens on 127.0.0.1, of those that `wanted` takes. */
export function listensOn(pid: number, wanted: (port: number) => boolean): number | undefined {
  const own = new Set(socketsOf(pid))
  const row = tcpRows().find(({ isListening, inode, port }) => isListening && own.has(inode) && wanted(port))
  return row?.port
}

const socketsWithPort = (port: number): string[] =>
  tcpRows().flatMap((row) => (row.port === port && !row.isListening ? [row.inode] : []))

const LISTENING = '0A'

/** proc(5), net/tcp: the own address and port in hex, the other's, the state; the inode is the tenth field. */
function tcpRows(): { port: number; isListening: boolean; inode: string }[] {
  const [, ...lines] = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n')
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/)
    const port = Number.parseInt(fields[1]!.split(':')[1]!, 16)
    return { port, isListening: fields[3] === LISTENING, inode: fields[9]! }
  })
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketOf(`/proc/${pid}/fd/${fd}`) ?? [])
  } catch {
    return [] // it has ended
  }
}

function socketOf(file: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1]
  } catch {
    return undefined // closed meanwhile
  }
}
