/** Which methods the gateway's addresses know, so that a wrong one is told apart from an address that isn't there. */
import type { FastifyInstance } from 'fastify'

/** Collects the routes that are added from now on; answers the methods of the route that a path fits, none: no route. */
export function collectAddresses(app: FastifyInstance): (path: string) => string[] {
  const addresses = new Map<string, { form: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const address = addresses.get(url) ?? { form: formOf(url), methods: new Set() }
    for (const each of [method].flat()) address.methods.add(each)
    addresses.set(url, address)
  })
  return (path) => {
    const found = [...addresses.values()].filter(({ form }) => form.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
  }
}

/** `/a/:b/*` as a regular expression. */
const formOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) =>
        part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  )
