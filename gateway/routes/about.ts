/** What the gateway says about itself: links, problems, health, metrics. */
import { metrics } from '@berth/core/telemetry/metrics.ts'
import { z } from 'zod'
import { chooseType } from '../accept.ts'
import type { App, Context } from '../context.ts'
import { catalogue, isProblemCode, Problem, type ProblemCode, problemResponses } from '../problems.ts'
import { tags } from './common.ts'

const ProblemExplanation = z.object({ code: z.string(), status: z.int(), title: z.string(), remedy: z.string() })

const explain = (code: ProblemCode) => ({ code, ...catalogue[code] })

const STYLE = 'body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }'

/** A small page; nothing in it comes from a caller. */
const html = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style>
${body}</html>
`

const LINKS = { documentation: '/docs', openapi: '/openapi.json', problems: '/problems', health: '/readyz' }

export function aboutRoutes(app: App, { checkReady }: Context): void {
  const prefersHtml = (accept: string | undefined) =>
    chooseType(accept, ['application/json', 'text/html'] as const) === 'text/html'

  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    if (!prefersHtml(request.headers.accept)) return { name: 'Berth gateway', links: LINKS }
    const links = Object.entries(LINKS).map(([name, href]) => `<li><a href="${href}">${name}</a>`)
    return reply.type('text/html').send(html('Berth gateway', `<h1>Berth gateway</h1><ul>${links.join('')}</ul>`))
  })

  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'Every problem that the API can answer',
        tags: tags.about,
        security: [],
        response: { 200: z.array(ProblemExplanation) },
      },
    },
    async () => (Object.keys(catalogue) as ProblemCode[]).map(explain),
  )

  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'explainProblem',
        summary: 'What a problem means and what to do about it',
        tags: tags.about,
        security: [],
        params: z.object({ code: z.string() }),
        response: {
          200: {
            description: 'The explanation',
            content: { 'application/json': { schema: ProblemExplanation }, 'text/html': { schema: z.string() } },
          },
          ...problemResponses('problem_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { code } = request.params
      if (!isProblemCode(code)) throw new Problem('problem_not_found')
      if (!prefersHtml(request.headers.accept)) return explain(code)
      const { status, title, remedy } = catalogue[code]
      const body = `<h1>${title}</h1><p>${remedy}</p><p><code>${code}</code>, HTTP ${status}</p>`
      return reply.type('text/html').send(html(title, body))
    },
  )

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async () => {
    await checkReady()
    return { status: 'ok' }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
