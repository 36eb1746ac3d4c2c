/**
 * Every error that a caller can see: what went wrong, how that comes, and what to do. The code is stable, the texts are
 * not: programs compare `code`. Each has a page of its own, /problems/<code>.
 */

interface Entry {
  status: number
  /** What went wrong, in general. */
  title: string
  /** How it comes to that. */
  cause: string
  /** What the caller can do about it. */
  remedy: string
}

export const catalogue = {
  malformed_request: {
    status: 400,
    title: 'The request could not be read',
    cause:
      'The request is not well-formed HTTP, its address has a broken percent sign, or its body is not well-formed JSON.',
    remedy: 'Send well-formed HTTP and, in the body, well-formed JSON.',
  },
  api_key_missing: {
    status: 401,
    title: 'No API key was sent',
    cause: 'Everything under /v1 needs to know who calls, and this call did not say.',
    remedy: 'Send the header "Authorization: Bearer wak_live_…" with your API key.',
  },
  api_key_invalid: {
    status: 401,
    title: 'The API key is not valid',
    cause: 'No account has this key: it was mistyped, cut off, or revoked. A revoked key stops within 30 seconds.',
    remedy: 'Check that the key was copied whole. A revoked key stays invalid: ask for a new one.',
  },
  tenant_suspended: {
    status: 403,
    title: 'This account is suspended',
    cause: 'The platform suspended the account. Calls that change something are refused until it is active again.',
    remedy: 'Reading still works. Ask the platform to activate the account again; nothing was lost.',
  },
  not_group_admin: {
    status: 403,
    title: 'Only an admin of the group may do that',
    cause: 'The linked account is a member of the group, but none of its admins.',
    remedy:
      'Have an admin of the group do it, or make the account an admin: GET /v1/sessions/{name}/groups/{group} names them.',
  },
  webhook_refused: {
    status: 403,
    title: 'This call does not prove that it comes from the provider',
    cause:
      'The verify token is another one, or the signature over the body was not made with the secret that is known here.',
    remedy:
      "Compare the verify token and the app's secret with what Berth has: of the platform WHATSAPP_VERIFY_TOKEN and WHATSAPP_APP_SECRET, of a channel what was given with PUT /v1/sessions/{name}/channel.",
  },
  route_not_found: {
    status: 404,
    title: 'There is nothing at this address',
    cause: 'The address has a typing error, or lacks the /v1 in front.',
    remedy: 'See /docs for the addresses that exist.',
  },
  session_not_found: {
    status: 404,
    title: 'There is no such session',
    cause:
      'None of your sessions has this name. It was never created, it was deleted, or the key is of another account.',
    remedy: 'List your sessions with GET /v1/sessions, or create this one with PUT /v1/sessions/{name}.',
  },
  message_not_found: {
    status: 404,
    title: 'There is no such message',
    cause: 'The session has no message with this id: it is of another session, or it was erased.',
    remedy: "List the session's messages with GET /v1/sessions/{name}/messages.",
  },
  media_not_found: {
    status: 404,
    title: 'There is no such file',
    cause:
      'None of your messages and uploads has a file with this id: it was deleted, or the key is of another account.',
    remedy: 'Take the id from "media" of a message, or upload the file with POST /v1/media.',
  },
  media_link_invalid: {
    status: 404,
    title: 'This link leads to no file',
    cause: 'The link has expired, was cut off, or its file was deleted.',
    remedy: 'Make a new one with POST /v1/media/{id}/links.',
  },
  event_not_found: {
    status: 404,
    title: 'There is no such event',
    cause: 'No event has this id: it is older than your events are kept, or it was erased with its session.',
    remedy: 'Read your events from the oldest on, without "after".',
  },
  auto_reply_not_found: {
    status: 404,
    title: 'There is no automatic reply',
    cause: 'None was set, or it was removed.',
    remedy: 'Set one with PUT /v1/auto-reply or PUT /v1/sessions/{name}/auto-reply.',
  },
  channel_not_found: {
    status: 404,
    title: 'The session has no channel',
    cause: 'Nobody has said yet which number of the Cloud API the session is, or that was taken back.',
    remedy: 'Connect its number with PUT /v1/sessions/{name}/channel.',
  },
  webhook_not_found: {
    status: 404,
    title: 'There is no such webhook',
    cause: 'The address was mistyped or cut off, or the secret in it was replaced by another one.',
    remedy: 'Make a new address with POST /v1/sessions/{name}/channel/webhook, and enter it at the provider.',
  },
  webhook_endpoint_not_found: {
    status: 404,
    title: 'There is no such webhook endpoint',
    cause: 'None of your endpoints has this id: it was deleted, or the key is of another account.',
    remedy: 'List your endpoints with GET /v1/webhook-endpoints.',
  },
  delivery_not_found: {
    status: 404,
    title: 'There is no such delivery',
    cause: 'The endpoint was never to be told of an event with this id, or the event is older than events are kept.',
    remedy: "List the endpoint's deliveries with GET /v1/webhook-endpoints/{id}/deliveries.",
  },
  command_not_found: {
    status: 404,
    title: 'There is no such command',
    cause: 'The session has no command with this id.',
    remedy: 'Use the id that the answer to your command held.',
  },
  contact_unknown: {
    status: 404,
    title: 'The session has no such contact',
    cause: 'They have never written to this account, nor the account to them; or they were erased.',
    remedy: "List the session's contacts with GET /v1/sessions/{name}/contacts.",
  },
  conversation_not_found: {
    status: 404,
    title: 'There is no such conversation',
    cause: 'Nothing was written to or by this number or chat, or it was erased.',
    remedy: "List the session's conversations with GET /v1/sessions/{name}/conversations.",
  },
  contact_not_found: {
    status: 404,
    title: 'WhatsApp knows nobody by this number or id',
    cause: 'Nobody has this number on WhatsApp, or the id is of nobody.',
    remedy: 'Check the number, with its country code: GET /v1/sessions/{name}/numbers/{number}.',
  },
  group_not_found: {
    status: 404,
    title: 'The account is in no such group',
    cause: 'The linked account is not a member, or there is no group with this id.',
    remedy: 'List the groups with GET /v1/sessions/{name}/groups, or have the account added to this one.',
  },
  group_member_not_found: {
    status: 404,
    title: 'They are not in this group',
    cause: 'Who is named was never in the group, or is in it no more.',
    remedy: 'Read its members with GET /v1/sessions/{name}/groups/{group}.',
  },
  invite_invalid: {
    status: 404,
    title: 'No group has this invitation',
    cause: 'The code was mistyped or cut off, or an admin of the group has renewed it.',
    remedy: 'Ask an admin of the group for the invitation as it is now, and send it whole: the code, or the link.',
  },
  problem_not_found: {
    status: 404,
    title: 'There is no such problem code',
    cause: 'The code in the address is none that this release answers.',
    remedy: 'See /problems for all codes.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not know that method',
    cause: 'The address exists, but not with this method.',
    remedy: 'Use one of the methods in the Allow header.',
  },
  not_acceptable: {
    status: 406,
    title: 'None of the accepted formats can be served',
    cause: 'The Accept header names only formats that this address does not have.',
    remedy: 'Accept image/svg+xml, image/png, text/plain or application/json.',
  },
  managed_elsewhere: {
    status: 409,
    title: 'Somebody else manages this setting',
    cause:
      'The session is declared in Kubernetes, and whoever declared it there manages the field that this call would change.',
    remedy: 'Change it where it is managed (kubectl, Helm, GitOps), or have that manager give the field up.',
  },
  channel_in_use: {
    status: 409,
    title: 'Another session has this number',
    cause: 'A number of the Cloud API belongs to one session of the installation, and another one has it.',
    remedy:
      'Disconnect it there with DELETE /v1/sessions/{name}/channel. If that session is not yours, ask the platform.',
  },
  not_a_channel: {
    status: 409,
    title: 'The session is of another provider',
    cause: 'Channels are of sessions of the Cloud API; this one links a phone.',
    remedy: 'Create a session with {"provider": "CloudAPI"}, and connect the number to that.',
  },
  webhook_quota_exceeded: {
    status: 409,
    title: 'You have as many webhook endpoints as your tier allows',
    cause: 'A tier allows so many endpoints, and you have them.',
    remedy: 'Delete one with DELETE /v1/webhook-endpoints/{id}, or move to a larger tier.',
  },
  provider_is_another: {
    status: 409,
    title: 'The session has another provider',
    cause: 'The provider of a session is chosen when it is created, and stays.',
    remedy: 'Delete the session and create it again, or create another one.',
  },
  not_with_this_provider: {
    status: 409,
    title: 'The provider of this session does not have that',
    cause:
      'Linked phones have no templates, buttons and lists; the Cloud API has no polls, votes, edits and deletions, no groups, and tells nothing of profiles, numbers and presence.',
    remedy: 'Send a message of another type, or use a session of the other provider.',
  },
  window_closed: {
    status: 409,
    title: 'The contact wrote nothing in the last 24 hours',
    cause: 'Numbers of the Cloud API may write freely for 24 hours after the contact wrote last; then only templates.',
    remedy: 'Send a template: {"type": "template"}. As soon as the contact answers, everything can be sent again.',
  },
  already_a_member: {
    status: 409,
    title: 'The account is in the group already',
    cause: 'The invitation is of a group that the linked account is in.',
    remedy: 'Nothing to do: GET /v1/sessions/{name}/groups lists it.',
  },
  quota_exceeded: {
    status: 409,
    title: 'You have as many sessions as your tier allows',
    cause: 'A tier allows so many sessions, stopped ones included.',
    remedy: 'Delete a session that you no longer need, or move to a higher tier.',
  },
  session_data_retained: {
    status: 409,
    title: 'A deleted session of this name still has data',
    cause: 'The account keeps the data of deleted sessions; a new session would take them over unasked.',
    remedy: 'Choose another name, or ask the platform to adopt the retained data into a new session.',
  },
  session_being_deleted: {
    status: 409,
    title: 'The session is being deleted',
    cause: 'It was deleted a moment ago, and its phone is being unlinked.',
    remedy: 'Wait until it is gone, then create it again.',
  },
  unknown_message: {
    status: 404,
    title: 'The message that this one is about is not known',
    cause:
      'The session has no message with the id in "message" or "quote": it is of another session, or it was erased.',
    remedy: 'Take the id of a message of the same session: GET /v1/sessions/{name}/messages.',
  },
  quote_of_another_chat: {
    status: 409,
    title: 'The quoted message is of another chat',
    cause: 'A message can only answer one of its own chat.',
    remedy: 'Use the chat of the quoted message as "to", or forward it: {"type": "forward"}.',
  },
  message_not_changeable: {
    status: 409,
    title: 'That can not be done with this message',
    cause: 'It was deleted or never sent, it is a change itself, or it is of a type that does not have it.',
    remedy: '"detail" says what stands in the way. Read the message, then send something else.',
  },
  not_your_message: {
    status: 409,
    title: 'Somebody else wrote this message',
    cause: 'Only what the linked account wrote can be edited, or deleted for everyone.',
    remedy: 'Send a reaction, or an answer that quotes it.',
  },
  edit_too_late: {
    status: 409,
    title: 'The message is too old to be edited',
    cause: 'WhatsApp takes edits for 15 minutes after the message was sent.',
    remedy: 'Send the correction as a new message, which may quote the old one.',
  },
  message_not_cancellable: {
    status: 409,
    title: 'The message can not be cancelled any more',
    cause: 'Only a message that still waits can be cancelled; "detail" says what has become of this one.',
    remedy: 'Read the message. To take back one that was sent, send a message of type "delete" that names it.',
  },
  session_already_linked: {
    status: 409,
    title: 'The session is linked already',
    cause: 'A code is only offered while no phone is linked, and this session has one.',
    remedy:
      'There is nothing to scan. To link another phone, log out first: POST /v1/sessions/{name}/logout, then …/start.',
  },
  session_not_linked: {
    status: 409,
    title: 'The session is not linked to a phone yet',
    cause: 'Sending and logging out need a linked phone, and none has scanned the code so far.',
    remedy: 'Scan the code of GET /v1/sessions/{name}/qr with the phone: WhatsApp, Linked devices, Link a device.',
  },
  session_stopped: {
    status: 409,
    title: 'The session is stopped',
    cause: 'Its desiredState is Stopped, so no worker runs it.',
    remedy: 'Start it with POST /v1/sessions/{name}/start.',
  },
  session_logged_out: {
    status: 409,
    title: 'The session was logged out',
    cause: 'The phone unlinked this device, or it was logged out through the API. The link can not be used again.',
    remedy: 'Link it again: POST /v1/sessions/{name}/start, then scan the code of GET /v1/sessions/{name}/qr.',
  },
  session_banned: {
    status: 409,
    title: 'WhatsApp banned this number',
    cause: 'WhatsApp refuses the number, usually after complaints or for sending too much too fast.',
    remedy:
      'Ask for a review in the WhatsApp app on the phone; once the number works, stop the session and start it. For another number: POST /v1/sessions/{name}/relink.',
  },
  session_failed: {
    status: 409,
    title: 'The session failed and does not go on by itself',
    cause: 'Something happened that repeating does not heal; the session says what in its message.',
    remedy:
      'Read its reason and message with GET /v1/sessions/{name}; then stop and start it, or link it again: POST /v1/sessions/{name}/relink.',
  },
  whatsapp_refused: {
    status: 409,
    title: 'WhatsApp refuses',
    cause: 'WhatsApp answered with a refusal; "detail" says which.',
    remedy: 'Check the number or id in the request. The same request again will be refused again.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large',
    cause: 'The text or the whole request is longer than what is taken.',
    remedy: 'A text may hold 64 kB of UTF-8 (65536 bytes), a request 256 kB. Split the text into several messages.',
  },
  media_too_large: {
    status: 413,
    title: 'The file is larger than your tier allows',
    cause: 'Each tier has a limit for the size of a file.',
    remedy: 'Send a smaller file, or move to a higher tier.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The file has no such part',
    cause: 'The Range header asks for bytes beyond the end of the file.',
    remedy: 'The Content-Range header of the answer says how long the file is.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not JSON',
    cause: 'The Content-Type header is missing, or names something other than JSON.',
    remedy: 'Send the header "Content-Type: application/json" and a JSON body.',
  },
  validation_failed: {
    status: 422,
    title: 'Something in the request is not right',
    cause: 'A field is missing, has the wrong form, or does not exist.',
    remedy: 'Correct the fields that "errors" names.',
  },
  channel_refused: {
    status: 422,
    title: 'The provider does not take these credentials',
    cause: 'The access token has expired or lacks a permission, or the number is none that it may use.',
    remedy:
      'Create a system user token with whatsapp_business_messaging and whatsapp_business_management, and copy the id of the number (not the number itself) from the WhatsApp Manager.',
  },
  media_url_failed: {
    status: 422,
    title: 'The file could not be fetched from its address',
    cause:
      'The address is not one of the public Internet, its server does not answer with a file, or not within 25 seconds.',
    remedy: 'Open the address in a browser that is logged in nowhere; or upload the file with POST /v1/media.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for something else',
    cause: 'The session has a message or a group with this key already, with another recipient, text, or members.',
    remedy: 'Use a new key for each message and each group, and the same key only to repeat the very same one.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    cause: 'The account made more requests in a minute than its tier allows. Each gateway counts for itself.',
    remedy: 'Wait as long as the Retry-After header says. The RateLimit headers show your limit.',
  },
  message_limit_reached: {
    status: 429,
    title: 'Your tier allows no more messages in this hour',
    cause: 'The account sent as many messages in an hour as its tier allows. Each gateway counts for itself.',
    remedy: 'Wait as long as the Retry-After header says, or move to a higher tier.',
  },
  too_many_pairing_codes: {
    status: 429,
    title: 'This session asked for too many pairing codes',
    cause: 'A session may ask for 10 in an hour: each one is announced on the phone, and WhatsApp gives only so many.',
    remedy: 'Wait as long as the Retry-After header says, or scan the code of GET /v1/sessions/{name}/qr.',
  },
  too_many_lookups: {
    status: 429,
    title: 'This session looked up too many contacts and numbers',
    cause: 'A session may look up 100 in an hour: WhatsApp bans accounts that go through lists of numbers.',
    remedy: 'Wait as long as the Retry-After header says. To send, no look-up is needed.',
  },
  too_many_acts: {
    status: 429,
    title: 'This session changed too much at WhatsApp in this hour',
    cause:
      'A session may change groups, profile and blocked contacts 100 times in an hour: WhatsApp bans accounts that do so like machines.',
    remedy: 'Wait as long as the Retry-After header says. Several members can be added by one call.',
  },
  session_busy: {
    status: 429,
    title: 'Too much is being asked of this session at once',
    cause: 'A session may ask WhatsApp so many things at the same time, and do so many.',
    remedy: 'Wait for the answers that are under way; ask again after the time in the Retry-After header.',
  },
  whatsapp_rate_limited: {
    status: 429,
    title: 'WhatsApp wants this account to ask less',
    cause: 'The account asked WhatsApp too often, here or elsewhere, and WhatsApp answers no more for a while.',
    remedy: 'Wait some minutes, and ask less often: asking on would get the account banned.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many open event streams',
    cause: 'An account may have 20 event streams open at each gateway.',
    remedy: 'Close streams that you no longer read.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    cause: 'A mistake of ours. It was logged with the requestId.',
    remedy: 'Try again. If it stays, tell the platform the requestId.',
  },
  media_pending: {
    status: 503,
    title: 'The file has not been fetched yet',
    cause: 'The file of a received message is fetched from WhatsApp right after the message; it is on its way.',
    remedy:
      'Try again after the time in the Retry-After header. The message says when its file is stored, or has failed.',
  },
  media_failed: {
    status: 410,
    title: 'The file could not be had',
    cause:
      'WhatsApp has the file no more and the phone could not upload it again, it is larger than the tier allows, or it is damaged.',
    remedy: 'Ask the sender to send it again; "detail" says what was wrong.',
  },
  media_unavailable: {
    status: 503,
    title: 'Files can not be stored or read at the moment',
    cause: 'The store of files does not answer, or the installation was set up without one.',
    remedy: 'Try again after the time in the Retry-After header. Messages without files go on.',
  },
  session_moving: {
    status: 503,
    title: 'The session is moving to another worker',
    cause: 'No worker holds the session at this moment: it is starting, or another worker is about to take it over.',
    remedy: 'Try again after the time in the Retry-After header.',
  },
  session_not_connected: {
    status: 503,
    title: 'The session is not connected at this moment',
    cause: 'This can only be asked while the session is connected to WhatsApp, and it is on its way there.',
    remedy: 'Try again after the time in the Retry-After header; its state says why it is not connected.',
  },
  whatsapp_no_answer: {
    status: 503,
    title: 'WhatsApp did not answer in time',
    cause: 'WhatsApp left the question without an answer, or could not be reached.',
    remedy: 'Try again after the time in the Retry-After header.',
  },
  outcome_unknown: {
    status: 503,
    title: 'Nobody knows whether it was done',
    cause:
      'It was begun, and then the worker or the connection was lost, or WhatsApp did not answer: it may be done, or not.',
    remedy:
      'Look before you repeat it: GET /v1/sessions/{name}/groups, …/profile and …/blocked tell how it is now, as soon as the session is connected.',
  },
  qr_not_ready: {
    status: 503,
    title: 'No code to scan came yet',
    cause: 'The session asked WhatsApp for a code, and none came within 10 seconds.',
    remedy: 'Ask again after the time in the Retry-After header; the session is still starting.',
  },
  channels_unavailable: {
    status: 503,
    title: 'Channels can not be connected at the moment',
    cause: 'The provider does not answer, or the gateway was not given the key under which secrets are kept.',
    remedy: 'Try again after the time in the Retry-After header. If it stays, tell the platform.',
  },
  control_plane_unavailable: {
    status: 503,
    title: 'Changes to sessions are not possible at the moment',
    cause: 'What creates, changes and deletes sessions can not be reached.',
    remedy: 'Try again after the time in the Retry-After header. Running sessions, messages and reads go on.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database can not be reached at the moment',
    cause: 'The database does not answer, usually for the seconds that a fail-over takes.',
    remedy: 'Try again after the time in the Retry-After header; with an Idempotency-Key nothing is sent twice.',
  },
} satisfies Record<string, Entry>

export type ProblemCode = keyof typeof catalogue

export const problemCodes = Object.keys(catalogue) as ProblemCode[]

export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(catalogue, text)
