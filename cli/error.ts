/** What went wrong, in one line that says what to do. */
import { isStatus, KubeError } from '@berth/core/kube/error.ts'
import { PROGRAM } from './program.ts'

/** The message is all that a person needs. */
export class CliError extends Error {
  override name = 'CliError'
}

/** The command was not understood. */
export class UsageError extends CliError {
  override name = 'UsageError'
  /** The command whose help would have told; undefined for that of all. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super(message)
    this.command = command
  }
}

export const IS_IT_RUNNING = 'Is Berth running? Start it with npm start'

/** One line for a person; for an error that nobody foresaw, with its stack. */
export function explain(error: unknown): string {
  if (error instanceof UsageError)
    return `${error.message} See ${[PROGRAM, 'help', error.command].filter(Boolean).join(' ')}`
  if (error instanceof CliError) return error.message
  if (error instanceof KubeError) return explainKubernetes(error)
  return `Unexpected: ${error instanceof Error ? error.stack : String(error)}`
}

function explainKubernetes(error: KubeError): string {
  const said = isStatus(error.body) && error.body.message ? error.body.message : error.message
  switch (error.status) {
    case 0:
      return `${error.message}. ${IS_IT_RUNNING}, or name another cluster with --kubeconfig.`
    case 401:
      return `The cluster does not accept the credentials of this kubeconfig: ${said}`
    case 404:
      return error.reason === 'NotFound'
        ? said
        : `This cluster knows no such kind (${said}). Are Berth's CRDs installed?`
    case 409:
      return isAboutManagers(error) ? `${said}. To take the fields over: apply --force` : said
    default:
      return said
  }
}

/** An apply met fields that another manager owns. */
const isAboutManagers = ({ details }: KubeError): boolean =>
  details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false
