/** What a command is: its words, its options, its help, and the function that does it. */
import type { Installation } from './installation.ts'
import type { Terminal } from './terminal.ts'

export interface Option {
  type: 'string' | 'boolean'
  short?: string
  multiple?: boolean
  /** What stands for the value in the help. */
  value?: string
  about: string
}

export type Options = Record<string, Option>

type ValueOf<O extends Option> = O['type'] extends 'boolean' ? boolean : O['multiple'] extends true ? string[] : string

export type Values<O extends Options> = { [Name in keyof O]?: ValueOf<O[Name]> }

/** Every command takes these. */
export const commonOptions = {
  json: { type: 'boolean', about: 'print JSON, for programs' },
  namespace: { type: 'string', short: 'n', value: 'NAME', about: 'the installation, when it is not the default one' },
  kubeconfig: { type: 'string', value: 'FILE', about: 'the cluster, instead of $KUBECONFIG or the one of npm start' },
  help: { type: 'boolean', short: 'h', about: 'help on this command' },
} as const satisfies Options

/** Those that call the gateway take these too. */
export const gatewayOptions = {
  gateway: { type: 'string', value: 'URL', about: 'the gateway, instead of $BERTH_GATEWAY or that of npm start' },
  key: {
    type: 'string',
    value: 'KEY',
    about: 'an API key of the tenant, instead of $BERTH_API_KEY or one made for this',
  },
} as const satisfies Options

/** One run of a command. */
export interface Call<O extends Options = Options> extends Omit<Installation, 'close'> {
  values: Values<O & typeof commonOptions>
  args: string[]
  terminal: Terminal
  /** Relative file names start here. */
  folder: string
  /** Tells of a failure; the command goes on with the next object, but has failed. Throws what would fail again. */
  report(error: unknown): void
}

export interface Command<O extends Options = Options> {
  /** One or two words: `get`, `keys create`. */
  name: string
  /** The arguments, as in `KIND [NAME…]`. */
  arguments: string
  /** One line. */
  summary: string
  /** Paragraphs below the usage. */
  details?: string
  /** What to type after the program's name, and what it does. */
  examples: [command: string, about: string][]
  options: O
  run(call: Call<O>): Promise<void>
}

/** Lets the types of a command's values follow from its options. */
export const defineCommand = <const O extends Options>(command: Command<O>): Command => command
