/** Automatic replies: what is answered to a message without a person. */
import { StaticReply } from '@berth/core/model/auto-reply.ts'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { type AutoReplyRow, deleteAutoReply, findAutoReply, putAutoReply, type Whose } from '../data/auto-replies.ts'
import { requireSession } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const EXAMPLE = { text: 'Thank you! We answer from 9 to 18 o’clock.' }

const NewAutoReply = z.strictObject(StaticReply.shape, NOT_AN_OBJECT).meta({ id: 'NewAutoReply', examples: [EXAMPLE] })

const AutoReply = z
  .object({
    strategy: z.string().describe('How the words are found; static: always the same'),
    text: z.string().optional().describe('What is answered'),
    updatedAt: z.iso.datetime().describe('When it was set'),
  })
  .meta({
    id: 'AutoReply',
    examples: [{ strategy: 'static', ...EXAMPLE, updatedAt: '2026-01-05T10:15:40.000Z' }],
  })

const HOW =
  'Every message of a person gets it, once, as a message that answers to nobody in particular; groups, reactions and messages older than a day get none. A change takes a few seconds.'

export function autoReplyRoutes(app: App, { database }: Context): void {
  const routes = [
    {
      path: '/auto-reply',
      name: 'AutoReply',
      of: 'of all sessions that have none of their own',
      params: z.object({}),
      notFound: [] as const,
    },
    {
      path: '/sessions/:name/auto-reply',
      name: 'SessionAutoReply',
      of: 'of a session',
      params: SessionParams,
      notFound: ['session_not_found'] as const,
    },
  ]

  const whose = async (tenantId: string, params: unknown): Promise<Whose> => {
    const { data } = SessionParams.safeParse(params)
    return { tenantId, sessionId: data && (await requireSession(database, tenantId, data.name)).id }
  }

  for (const { path, name, of, params, notFound } of routes) {
    const schema = { tags: tags.messages, params }
    app.put(
      path,
      {
        schema: {
          ...schema,
          operationId: `put${name}`,
          summary: `Set the automatic reply ${of}`,
          description: HOW,
          body: NewAutoReply,
          response: {
            200: AutoReply.describe('It is answered from now on'),
            ...problemResponses(...notFound, 'validation_failed', ...ON_CHANGES),
          },
        },
      },
      async ({ caller, params, body }) =>
        viewOf(
          await putAutoReply(database, await whose(caller.tenantId, params), { strategy: 'static', settings: body }),
        ),
    )
    app.get(
      path,
      {
        schema: {
          ...schema,
          operationId: `get${name}`,
          summary: `The automatic reply ${of}`,
          description: 'As it was set last.',
          response: {
            200: AutoReply.describe('What is answered'),
            ...problemResponses(...notFound, 'auto_reply_not_found', ...EVERYWHERE),
          },
        },
      },
      async ({ caller, params }) => {
        const row = await findAutoReply(database, await whose(caller.tenantId, params))
        if (!row) throw new Problem('auto_reply_not_found')
        return viewOf(row)
      },
    )
    app.delete(
      path,
      {
        schema: {
          ...schema,
          operationId: `delete${name}`,
          summary: `Remove the automatic reply ${of}`,
          description: 'Replies that are on their way still go out.',
          response: {
            204: z.null().describe('It is gone'),
            ...problemResponses(...notFound, 'auto_reply_not_found', ...ON_CHANGES),
          },
        },
      },
      async ({ caller, params }, reply) => {
        const isGone = await deleteAutoReply(database, await whose(caller.tenantId, params))
        if (!isGone) throw new Problem('auto_reply_not_found')
        return reply.code(204).send(null)
      },
    )
  }
}

function viewOf({ strategy, settings, updated_at }: AutoReplyRow): z.infer<typeof AutoReply> {
  const { data } = StaticReply.safeParse(settings)
  return { strategy, ...(data && { text: data.text }), updatedAt: updated_at.toISOString() }
}
