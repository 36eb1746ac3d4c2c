/** What the API refuses, as our client hears it. */
import { KubeError } from '@berth/core/kube/error.ts'

const refusal = (code: number, reason: string, message: string): KubeError =>
  KubeError.fromAnswer('request', code, { kind: 'Status', reason, message, code })

export const notFound = (plural: string, name: string): KubeError =>
  refusal(404, 'NotFound', `${plural} "${name}" not found`)

export const alreadyExists = (plural: string, name: string): KubeError =>
  refusal(409, 'AlreadyExists', `${plural} "${name}" already exists`)

export const conflict = (plural: string, name: string): KubeError =>
  refusal(409, 'Conflict', `${plural} "${name}" has been modified`)

export const invalid = (plural: string, name: string, rule: string): KubeError =>
  refusal(422, 'Invalid', `${plural} "${name}" is invalid: ${rule}`)

export const expired = (): KubeError => refusal(410, 'Expired', 'too old resource version')

export const tooLarge = (): KubeError => refusal(504, 'Timeout', 'Too large resource version')
