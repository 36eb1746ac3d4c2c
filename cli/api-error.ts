/** What the gateway answered instead of a result, in a line that says what to do on this command line. Pure. */
import { BerthProblem, NoAnswer } from '@berth/client'
import { NAME_THE_GATEWAY } from './connection.ts'
import { CliError, IS_IT_RUNNING } from './error.ts'
import { PROGRAM } from './program.ts'

/** Whose session it was about; advice can name them then. */
export interface About {
  tenant: string
  /** Name of the resource. */
  session?: string
}

/** @returns a CliError for what the API's client throws; anything else as it is */
export function apiError(error: unknown, gatewayUrl: string, about?: About): unknown {
  if (error instanceof BerthProblem) {
    const { code, title, detail, remedy, errors = [] } = error.problem
    const fields = errors.map(({ field, message }) => ` ${field}: ${message}.`).join('')
    const why = detail ? `: ${detail.replace(/[.]$/, '')}` : ''
    return new CliError(`${title}${why}.${fields} ${adviceOn(code, about) ?? remedy} [${code}]`, { cause: error })
  }
  if (error instanceof NoAnswer) {
    const why = error.status ? error.message : reasonOf(error)
    return new CliError(
      `The gateway at ${gatewayUrl} does not answer: ${why}. ${IS_IT_RUNNING}, or ${NAME_THE_GATEWAY}.`,
      { cause: error },
    )
  }
  return error
}

/** fetch() says why in the cause of its error. */
function reasonOf({ message, cause }: Error): string {
  const deeper = cause instanceof Error ? cause : undefined
  return deeper?.cause instanceof Error && deeper.cause.message ? deeper.cause.message : (deeper?.message ?? message)
}

/** What to type here against a problem that the API words for programs. */
function adviceOn(code: string, about: About | undefined): string | undefined {
  if (!about) return undefined
  const { session, tenant } = about
  const commands: Record<string, string | undefined> = {
    tenant_suspended: `tenants resume ${tenant}`,
    quota_exceeded: `sessions list --tenant ${tenant}`,
    session_not_linked: session && `sessions link ${session}`,
    session_logged_out: session && `sessions link ${session}`,
    session_stopped: session && `sessions start ${session}`,
    session_failed: session && `explain session ${session}`,
  }
  const command = commands[code]
  return command && `See to it with: ${PROGRAM} ${command}`
}
