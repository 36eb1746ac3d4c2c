/**
 * The catalogue of failpoints: each step of a worker where one must ask "what if the process dies right here?".
 * The sentence says what has just happened and what would come next. test/crash kills a worker at every one of them.
 */
export const POINTS = {
  'lease.opened': 'The boot has announced itself; it holds no session yet.',
  'lease.renewed': 'Postgres has a renewal of the lease; the process does not know it yet.',

  'claim.asking': 'Sessions are placed here; Postgres was not asked for them yet.',
  'claim.committed': 'The sessions are ours in Postgres; nothing of them is loaded.',
  'claim.waiting': 'A claim was refused since a living boot holds the session; Postgres has noted that we wait.',
  'claim.loaded': 'Keys, journal and open sends are loaded; no connection is begun.',

  'link.code-shown': 'A code can be scanned; nobody has done so.',
  'link.scanned': 'A phone has scanned the code; neither is it stored who we are, nor has WhatsApp our signature.',
  'link.stored': 'It is stored who we are; WhatsApp does not have our signature yet, so it does not know the device.',
  'link.answered': 'WhatsApp has our signature and knows the device; it will tell us to connect again.',
  'link.restarting': 'The connection of the link has ended with 515; the first login comes next.',

  'login.connecting': 'A login is about to begin.',
  'login.opened': 'WhatsApp has accepted the login; nothing is written of it.',
  'login.caught-up': 'What had waited at WhatsApp was handed over; sends may go.',

  'send.taken': 'A row is next in its chat; nothing is written.',
  'send.marked': "'sending' is in the committer's queue; nothing is encrypted.",
  'send.encrypted': 'The ratchet step is durable; the stanza is not out.',
  'send.handed-over': 'The stanza is out; no ack was seen.',
  'send.acked': "The server's ack was seen; 'sent' is not written.",
  'send.ack-stored': "'sent' is durable.",

  'receive.seen': 'A stanza has come; nothing is decrypted.',
  'receive.decrypted': 'The plain text is known; neither it nor the ratchet step is written.',
  'receive.journaled': 'Plain text and ratchet step are durable; no receipt is out.',
  'receive.storing': 'The journal row becomes a message row; nothing of it is written.',
  'receive.receipted': 'The receipt is out.',
  'receive.stored': 'The message row is durable, and the journal row done with.',

  'media.fetching': 'A received file is about to be fetched; its row is pending.',
  'media.kept': 'A received file is in the store; its row is pending still.',
  'media.settled': 'The row says that a received file is stored.',
  'media.uploaded': "A file to send lies on WhatsApp's media host; nothing is written of where.",
  'media.noted': 'It is durable where a file to send lies; its message is not encrypted.',

  'protocol.receipted': 'The own phone has its receipt for keys of the app state; they are not written.',
  'protocol.done': 'What a protocol message told is durable, and its journal row done with.',

  'notice.seen': 'A notice (a notification, a call, a request to send again) has come; nothing of it is written.',
  'notice.journaled': 'A notice is durable; Baileys has not seen it.',
  'notice.handed-over': 'Baileys has dealt with a notice and answered it; what it learnt may not be durable.',
  'notice.done': 'What a notice told is durable, and its journal row done with.',

  'receipt.seen': "A contact's receipt has come; nothing of it is written.",
  'receipt.stored': "What a contact's receipt says is durable; WhatsApp was not told that we have it.",
  'receipt.acked': 'WhatsApp was told that we have the receipt, and forgets it.',

  'commit.sending': 'A commit is about to go to Postgres.',
  'commit.committed': 'Postgres has committed; its answer is not seen yet.',

  'database.reported': 'Postgres lacks commits of ours, and has noted that; none of them is written again.',
  'database.repeated': 'Postgres has all our commits again; we have not vouched for it.',
  'database.vouched': 'Postgres knows that it has all our commits; nobody has confirmed or repaired it.',
  'trust.renewed': 'The pre-keys of a distrusted session are renewed; Postgres still distrusts it.',

  'logout.taken': 'A logout is to be done, and the session is connected; WhatsApp was not asked.',
  'logout.sent': 'WhatsApp was asked to remove the device; the command is not written as done.',

  'relink.purged': 'All that was known of the account is gone; no connection for the new link is begun.',

  'status.reporting': 'A status is about to be written to Kubernetes.',
  'status.reported': 'Kubernetes has the status.',

  'release.asked': 'Postgres says that another boot waits for a session of ours; nothing of it is closed.',
  'release.closed': 'The connection of a session that leaves is closed; its last rows are not written.',
  'release.written': 'All rows of a session that leaves are durable; the claim still stands.',
  'release.released': 'The claim is given back in Postgres.',

  'drain.one-left': 'The worker stops, and one of its sessions has left.',
  'drain.all-left': 'The worker stops, and all of its sessions have left; its lease is still open.',
} as const satisfies Record<string, string>

export type Point = keyof typeof POINTS
