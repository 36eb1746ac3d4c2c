// The page at "/": plain files, served as they are.
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const
const FILES = [
  'index.html',
  'base.css',
  'style.css',
  'chat.css',
  'main.js',
  'api.js',
  'elements.js',
  'link.js',
  'phones.js',
  'phone.js',
  'conversation.js',
  'message.js',
  'connections.js',
  'disturbances.js',
  'faults.js',
  'load.js',
  'icon.svg',
] as const
/** Nothing but the page's own files. */
const POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

export function registerPage(app: FastifyInstance): void {
  for (const name of FILES) {
    app.get(name === 'index.html' ? '/' : `/page/${name}`, async (_request, reply) => {
      const extension = name.split('.').at(-1) as keyof typeof TYPES
      reply.header('content-security-policy', POLICY).header('cache-control', 'no-cache')
      reply.type(`${TYPES[extension]}; charset=utf-8`)
      return readFile(new URL(`../page/${name}`, import.meta.url))
    })
  }
}
