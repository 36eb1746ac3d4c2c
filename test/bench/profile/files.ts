/** Where a measured process puts its profiles. */
import { join } from 'node:path'

/** There while a span is being profiled. */
export const runningFile = (folder: string, pid: number): string => join(folder, `${pid}.running`)
/** The process's spans are numbered from 1. */
export const profileFile = (folder: string, pid: number, span: number): string =>
  join(folder, `${pid}-${span}.cpuprofile`)
