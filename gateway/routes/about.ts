/** What the gateway says about itself: links, problems, health, the API document. */
import { z } from 'zod'
import { chooseType } from '../accept.ts'
import type { App } from '../context.ts'
import { type ApiDocument, operationsOf } from '../openapi/document.ts'
import { codesOf } from '../openapi/finish.ts'
import { catalogue, isProblemCode, type ProblemCode, problemCodes } from '../problems/catalogue.ts'
import { page, problemList, problemPage } from '../problems/page.ts'
import { PROBLEM_TYPE, Problem, ProblemCodes, problemResponses } from '../problems/problem.ts'
import { tags } from './common.ts'

const ProblemExplanation = z
  .object({
    code: ProblemCodes,
    status: z.int().describe('The status of answers with it'),
    title: z.string().describe('What went wrong, in general'),
    cause: z.string().describe('How it comes to that'),
    remedy: z.string().describe('What you can do about it'),
  })
  .meta({ id: 'ProblemExplanation', examples: [explain('session_not_linked')] })

function explain(code: ProblemCode) {
  return { code, ...catalogue[code] }
}

const LINKS = { documentation: '/docs', openapi: '/openapi.json', problems: '/problems', health: '/readyz' }

export function aboutRoutes(app: App): void {
  const prefersHtml = (accept: string | undefined) =>
    chooseType(accept, ['application/json', 'text/html'] as const) === 'text/html'

  const document = () => app.swagger() as unknown as ApiDocument

  /** The calls that can be answered with a problem. */
  const callsWith = (code: ProblemCode): string[] =>
    operationsOf(document())
      .filter(({ operation }) =>
        Object.values(operation.responses).some(({ content }) => {
          const schema = content?.[PROBLEM_TYPE]?.schema
          return schema && codesOf(schema).includes(code)
        }),
      )
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`)

  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    if (!prefersHtml(request.headers.accept)) return { name: 'Berth gateway', links: LINKS }
    const links = Object.entries(LINKS).map(([name, href]) => `<li><a href="${href}">${name}</a>`)
    return reply.type('text/html').send(page('Gateway', `<h1>Berth gateway</h1><ul>${links.join('')}</ul>`))
  })

  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'Every problem that the API can answer',
        description: 'As JSON, or as a page for people, as the Accept header says.',
        tags: tags.about,
        security: [],
        response: {
          200: {
            description: 'All of them',
            content: {
              'application/json': { schema: z.array(ProblemExplanation) },
              'text/html': { schema: z.string().meta({ examples: ['<!doctype html>…'] }) },
            },
          },
          ...problemResponses('internal_error'),
        },
      },
    },
    async (request, reply) => {
      reply.header('vary', 'accept')
      if (!prefersHtml(request.headers.accept)) return problemCodes.map(explain)
      return reply.type('text/html').send(problemList(problemCodes))
    },
  )

  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'explainProblem',
        summary: 'What a problem means and what to do about it',
        description: 'The address that "type" of a problem names. As JSON, or as a page, as the Accept header says.',
        tags: tags.about,
        security: [],
        params: z.object({
          code: z
            .string()
            .describe('The code of a problem')
            .meta({ examples: ['session_not_linked'] }),
        }),
        response: {
          200: {
            description: 'The explanation',
            content: {
              'application/json': { schema: ProblemExplanation },
              'text/html': { schema: z.string().meta({ examples: ['<!doctype html>…'] }) },
            },
          },
          ...problemResponses('problem_not_found', 'internal_error'),
        },
      },
    },
    async (request, reply) => {
      const { code } = request.params
      if (!isProblemCode(code)) throw new Problem('problem_not_found')
      reply.header('vary', 'accept')
      if (!prefersHtml(request.headers.accept)) return explain(code)
      return reply.type('text/html').send(problemPage(code, callsWith(code)))
    },
  )

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  // It listens once the database was there, and answers for one that is away itself: behind a closed door nobody is told why.
  app.get('/readyz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/openapi.json', { schema: { hide: true } }, async () => document())
}
