import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { until } from '../chaos/until.ts'
import { LoadBalancer } from './load-balancer.ts'

const open: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

async function server(host: string, port: number, body: string): Promise<Server> {
  const http = createServer((_, response) => response.setHeader('connection', 'close').end(body))
  http.listen(port, host)
  await once(http, 'listening')
  open.push({ stop: () => new Promise((resolve) => http.close(resolve)) })
  return http
}

it('leaves out a node that is not healthy, and takes it back', async () => {
  const nodes = ['127.0.0.2', '127.0.0.3']
  const port = ((await server(nodes[0]!, 0, nodes[0]!)).address() as AddressInfo).port
  await server(nodes[1]!, port, nodes[1]!)
  const healthy = new Set(nodes)
  const balancer = await LoadBalancer.start(nodes, async (address) => healthy.has(address))
  open.push(balancer)
  await expect(fetch(balancer.url)).rejects.toThrow()
  balancer.nodePort = port
  const answer = async () => (await fetch(balancer.url)).text()
  const answered = async () => [await answer(), await answer()].toSorted()
  expect(await answered()).toEqual(nodes)
  healthy.delete(nodes[0]!)
  await until('the other one answers alone', 20_000, async () => new Set(await answered()).size === 1)
  expect(await answer()).toBe(nodes[1])
  healthy.add(nodes[0]!)
  await until('both answer', 20_000, async () => new Set(await answered()).size === 2)
})
