import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Problem } from '../problems/problem.ts'
import { UrlFetcher } from './fetch.ts'

let base: string
let answer: (request: IncomingMessage, response: ServerResponse) => void
let asked = 0
const server = createServer((request, response) => {
  asked++
  answer(request, response)
})
const here = new UrlFetcher({ isAllowed: (address) => address === '127.0.0.1', deadlineMs: 2000 })

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close().closeAllConnections())

async function read(fetcher: UrlFetcher, url: string) {
  const { bytes, ...rest } = await fetcher.fetch(url, 1000)
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return { ...rest, text: Buffer.concat(chunks).toString() }
}
const problemOf = async (fetcher: UrlFetcher, url: string): Promise<string> => {
  const error = await read(fetcher, url).catch((failure) => failure)
  expect(error).toBeInstanceOf(Problem)
  expect(error.code).toBe('media_url_failed')
  return error.details.detail
}

it('fetches a file, over redirects', async () => {
  answer = ({ url }, response) => {
    if (url === '/a') response.writeHead(302, { location: '/files/Invoice%20%C3%A9.pdf?x=1' }).end()
    else response.setHeader('content-type', 'application/pdf').end('hello')
  }
  expect(await read(here, `${base}/a`)).toEqual({
    text: 'hello',
    declaredType: 'application/pdf',
    fileName: 'Invoice é.pdf',
  })
})

it.each([
  'http://127.0.0.1/x',
  'http://127.1/x',
  'http://0x7f000001/x',
  'http://2130706433/x',
  'http://0177.0.0.1/x',
  'http://127.0.0.1./x',
  'http://[::1]/x',
  'http://[::ffff:127.0.0.1]/x',
  'http://[::ffff:7f00:1]/x',
  'http://[64:ff9b::7f00:1]/x',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://10.0.0.1:8080/',
  'http://localhost/',
  'http://0.0.0.0/',
  'http://⑫⑦.⓪.⓪.①/',
])('goes nowhere but into the public Internet: %s', async (url) => {
  expect(await problemOf(new UrlFetcher(), url)).toBe('The address is not one of the public Internet.')
})

it.each([
  ['file:///etc/passwd', 'Only http and https can be fetched.'],
  ['ftp://example.com/x', 'Only http and https can be fetched.'],
  ['data:text/plain,x', 'Only http and https can be fetched.'],
  ['http://user:secret@example.com/', 'A URL with a user name can not be fetched.'],
  ['nonsense', 'It is no URL.'],
  [`http://example.com/${'x'.repeat(3000)}`, 'It is no URL.'],
])('takes no %s', async (url, detail) => {
  expect(await problemOf(here, url)).toBe(detail)
})

it.each(['http://127.0.0.2/', 'http://[::1]/', 'http://169.254.169.254/', '//10.0.0.1/x'])(
  'does not follow to %s',
  async (location) => {
    answer = (_, response) => response.writeHead(302, { location }).end()
    expect(await problemOf(here, base)).toBe('The address is not one of the public Internet.')
  },
)

it('gives up who redirects for ever, answers nothing good, is too slow, or compresses', async () => {
  answer = (_, response) => response.writeHead(302, { location: '/again' }).end()
  asked = 0
  expect(await problemOf(here, base)).toBe('The server redirects too often.')
  expect(asked).toBe(4)
  answer = (_, response) => response.writeHead(404).end()
  expect(await problemOf(here, base)).toBe('The server answered 404.')
  answer = (_, response) => response.setHeader('content-encoding', 'gzip').end()
  expect(await problemOf(here, base)).toContain('compresses')
  answer = (_, response) => response.write('a little')
  const impatient = new UrlFetcher({ isAllowed: () => true, deadlineMs: 200 })
  expect(await problemOf(impatient, base)).toBe('The file did not come in time.')
  answer = (_, response) => {
    response.setHeader('content-length', '100').write('a little', () => response.destroy())
  }
  expect(await problemOf(here, base)).toBe('The server could not be reached, or broke off.')
  answer = (_, response) => response.setHeader('content-length', '1001').write('a')
  await expect(here.fetch(base, 1000)).rejects.toMatchObject({ code: 'media_too_large' })
})
