import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TcpLine } from './tcp-line.ts'

const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
const clients: Socket[] = []
let target: { host: string; port: number }

beforeAll(async () => {
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }
})
afterAll(() => {
  for (const client of clients) client.destroy()
  echo.close()
})

async function through(line: TcpLine): Promise<Socket> {
  const client = connect(line.port, '127.0.0.1')
  clients.push(client)
  client.on('error', () => {})
  await once(client, 'connect')
  return client
}

async function say(client: Socket, text: string): Promise<string> {
  client.write(text)
  return String((await once(client, 'data'))[0])
}

it('lets everything through', async () => {
  const client = await through(await TcpLine.to(target))
  expect(await say(client, 'hello')).toBe('hello')
})

it.runIf(process.platform === 'linux')('hangs for one process, and says later what was said meanwhile', async () => {
  const [hanging, free] = [await TcpLine.to(target), await TcpLine.to(target)]
  const [old, other] = [await through(hanging), await through(free)]
  expect(await say(old, 'before')).toBe('before')
  hanging.hang(process.pid)
  free.hang(1) // we are another process
  const late = await through(hanging)
  const heard: string[] = []
  for (const client of [old, late]) client.on('data', (bytes) => heard.push(String(bytes)))
  old.write('old')
  late.write('late')
  expect(await say(other, 'meanwhile')).toBe('meanwhile')
  expect(heard).toEqual([])
  const both = Promise.all([once(old, 'data'), once(late, 'data')])
  hanging.mend()
  await both
  expect(heard.toSorted()).toEqual(['late', 'old'])
})

it('refuses', async () => {
  const line = await TcpLine.to(target)
  const open = await through(line)
  const ended = once(open, 'close')
  line.refuse()
  await ended
  const refused = await through(line)
  await once(refused.resume(), 'close')
  line.mend()
  expect(await say(await through(line), 'again')).toBe('again')
})
