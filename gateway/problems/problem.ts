/** A problem: thrown anywhere in a request, answered as a problem document (RFC 9457) with the code and the remedy besides. */
import { z } from 'zod'
import { catalogue, type ProblemCode, problemCodes } from './catalogue.ts'

/** A field of the request that is not right, and what to write instead. */
export interface FieldError {
  field: string
  message: string
}

interface Details {
  /** What went wrong in this very case. */
  detail?: string
  retryAfterSeconds?: number
  errors?: FieldError[]
  /** More headers of the answer. */
  headers?: Record<string, string>
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly details: Details

  constructor(code: ProblemCode, details: Details = {}) {
    super(details.detail ?? catalogue[code].title)
    this.name = 'Problem'
    this.code = code
    this.details = details
  }

  get status(): number {
    return catalogue[this.code].status
  }
}

export const ProblemCodes = z.enum(problemCodes).meta({
  id: 'ProblemCode',
  description:
    'Which problem it is. Stable: compare this. New ones may come; treat one that you do not know by its status',
})

export const ProblemDocument = z
  .object({
    type: z
      .string()
      .describe('Where the problem is explained, for people and for programs')
      .meta({ format: 'uri-reference' }),
    code: ProblemCodes,
    status: z.int().describe('The status of the answer'),
    title: z.string().describe('What went wrong, in general'),
    detail: z.string().optional().describe('What went wrong in this very case'),
    remedy: z.string().describe('What you can do about it'),
    errors: z
      .array(
        z.object({
          field: z.string().describe('Where it is: body.to, query.limit, params.name, headers.prefer'),
          message: z.string().describe('What to write instead'),
        }),
      )
      .optional()
      .describe('The fields that are not right'),
    requestId: z.string().describe('Tell it to the platform when you ask about this request'),
  })
  .meta({ id: 'Problem' })
export type ProblemDocument = z.infer<typeof ProblemDocument>

export const PROBLEM_TYPE = 'application/problem+json'

/** `publicUrl`: where the gateway is reached; without it `type` is relative to the request. */
export function problemDocument(problem: Problem, requestId: string, publicUrl = ''): ProblemDocument {
  const { status, title, remedy } = catalogue[problem.code]
  const { detail, errors } = problem.details
  return {
    type: `${publicUrl}/problems/${problem.code}`,
    code: problem.code,
    status,
    title,
    ...(detail && { detail }),
    remedy,
    ...(errors && { errors }),
    requestId,
  }
}

/** What the document shows for a code. */
export const exampleProblem = (code: ProblemCode): ProblemDocument => {
  const errors = [{ field: 'body.to', message: 'Write a phone number with country code, for example "+5511999990002"' }]
  const problem = new Problem(code, code === 'validation_failed' ? { errors } : {})
  return problemDocument(problem, '5f0c6a3e-8f0e-4d5e-9f6e-0b7f5d1f2a3b')
}

/** The responses of a route's schema for the problems that it can answer. */
export function problemResponses(...codes: ProblemCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => catalogue[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${catalogue[code].title}`).join('\n\n'),
        content: { [PROBLEM_TYPE]: { schema: z.intersection(ProblemDocument, z.object({ code: z.enum(same) })) } },
      },
    ]),
  )
}
