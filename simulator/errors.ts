// Errors for people: what went wrong and what to do, under a stable code.

export type ErrorCode =
  | 'phone_not_found'
  | 'phone_exists'
  | 'device_not_found'
  | 'device_offline'
  | 'message_to_itself'
  | 'message_not_found'
  | 'not_your_message'
  | 'not_a_poll'
  | 'not_an_option'
  | 'not_a_message'
  | 'no_media'
  | 'media_gone'
  | 'media_damaged'
  | 'media_misnamed'
  | 'media_unauthorized'
  | 'not_found'
  | 'app_state_key_missing'
  | 'group_not_found'
  | 'not_a_member'
  | 'not_an_admin'
  | 'already_a_member'
  | 'invite_unknown'
  | 'description_outdated'
  | 'qr_malformed'
  | 'qr_expired'
  | 'qr_of_another_device'
  | 'picture_not_found'
  | 'code_expired'
  | 'code_wrong'
  | 'link_failed'
  | 'too_many_devices'
  | 'disturbance_not_found'
  | 'load_not_found'
  | 'load_exists'
  | 'all_linked'

const STATUS: Record<ErrorCode, number> = {
  phone_not_found: 404,
  phone_exists: 409,
  device_not_found: 404,
  device_offline: 409,
  message_to_itself: 422,
  message_not_found: 404,
  not_your_message: 403,
  not_a_poll: 422,
  not_an_option: 422,
  not_a_message: 422,
  no_media: 404,
  media_gone: 410,
  media_damaged: 422,
  media_misnamed: 422,
  media_unauthorized: 401,
  not_found: 404,
  app_state_key_missing: 409,
  group_not_found: 404,
  not_a_member: 403,
  not_an_admin: 403,
  already_a_member: 409,
  invite_unknown: 406,
  description_outdated: 409,
  qr_malformed: 422,
  qr_expired: 410,
  qr_of_another_device: 422,
  picture_not_found: 404,
  code_expired: 410,
  code_wrong: 422,
  link_failed: 502,
  too_many_devices: 409,
  disturbance_not_found: 404,
  load_not_found: 404,
  load_exists: 409,
  all_linked: 409,
}

export class SimulatorError extends Error {
  readonly code: ErrorCode
  /** As an HTTP status. */
  readonly status: number

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.name = 'SimulatorError'
    this.code = code
    this.status = STATUS[code]
  }
}
