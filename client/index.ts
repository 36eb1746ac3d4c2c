/** The client of Berth's REST API: `new Berth({ url, apiKey })`. See README.md. */
export * from './generated.ts'
export { items, type Page } from './paging.ts'
export { BerthProblem, isProblem, NoAnswer } from './problem.ts'
export type { ServerEvent } from './server-events.ts'
export type { Call, CallOptions, ClientOptions } from './transport.ts'
