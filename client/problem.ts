/** What a call throws: a problem that Berth answered with, or that no answer of Berth came. */
import type { Problem, ProblemCode } from './generated.ts'

/** Berth refused, and says why. Compare `code`; `remedy` says what to do. */
export class BerthProblem extends Error {
  override readonly name = 'BerthProblem'
  readonly problem: Problem
  /** Seconds until it is worth trying again. */
  readonly retryAfter: number | undefined

  constructor(problem: Problem, retryAfter?: number) {
    super(`${problem.code}: ${problem.detail ?? problem.title}. ${problem.remedy} (request ${problem.requestId})`)
    this.problem = problem
    this.retryAfter = retryAfter
  }

  get code(): ProblemCode {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }
}

/**
 * The network failed, the time was over, or something on the way answered in Berth's place: nobody knows whether the call
 * was carried out.
 */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** Of what answered in Berth's place. */
  readonly status: number | undefined

  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause })
    this.status = status
  }
}

/** `catch (error) { if (isProblem(error, 'session_not_linked')) … }`; without codes: any problem. */
export const isProblem = (error: unknown, ...codes: ProblemCode[]): error is BerthProblem =>
  error instanceof BerthProblem && (codes.length === 0 || codes.includes(error.code))
