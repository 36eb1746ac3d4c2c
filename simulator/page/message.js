// One message of a conversation: what it says and holds, what became of it, and what its reader can do with it.
import { api } from './api.js'
import { element, formatTime, nameIn } from './elements.js'

const STATUS = { sent: '✓', delivered: '✓✓', read: '✓✓ read', received: '' }
const LIKE = '👍'

export function messageRow(message, state) {
  const nameOf = nameIn(state)
  const { direction, sender, text, deleted, edited, reactions = [] } = message
  const answered = message.replyTo && state.messages.find(({ id }) => id === message.replyTo)
  const status = direction === 'out' ? STATUS[message.status] : ''
  return element(
    'li',
    { className: direction },
    direction === 'in' && sender && element('small', { className: 'sender' }, nameOf(sender)),
    answered && element('blockquote', {}, answered.text),
    deleted ? element('p', { className: 'quiet' }, 'Deleted') : element('p', {}, text),
    message.media ? fileOf(message, state) : inside(message, state),
    reactions.length > 0 &&
      element(
        'small',
        { className: 'reactions', title: reactions.map(({ number }) => nameOf(number)).join(', ') },
        reactions.map(({ emoji }) => emoji).join(' '),
      ),
    element('small', { title: message.id }, `${edited ? 'edited · ' : ''}${formatTime(message.at)} ${status}`),
    !deleted && actions(message, state),
  )
}

/** Seen when the message has the pointer or the keyboard. */
function actions({ id, direction, reactions = [] }, state) {
  const send = (draft) => api.send(state.number, state.chat, { target: id, ...draft })
  const liked = reactions.some(({ number }) => number === state.number)
  const action = (name, label, draft) => {
    const made = element('button', { type: 'button', className: 'quiet', onclick: () => send(draft) }, label)
    made.dataset.key = `${name} ${id}`
    return made
  }
  return element(
    'div',
    { className: 'actions' },
    action('react', liked ? 'Take back' : LIKE, { kind: 'reaction', emoji: liked ? '' : LIKE }),
    direction === 'out' && action('delete', 'Delete for all', { kind: 'delete' }),
  )
}

/** What a message holds besides its text. */
function inside(message, state) {
  const { poll, location, contact } = message
  if (poll) return pollOf(message, state)
  if (location) return element('p', { className: 'quiet' }, `${location.latitude}, ${location.longitude}`)
  if (contact) return element('p', { className: 'quiet' }, 'Contact card')
  return undefined
}

/** A picture as it is, any other file to be saved. */
function fileOf({ id, kind, media }, { number, chat }) {
  const href = api.mediaPath(number, chat, id)
  const name = [media.fileName, media.mimetype].filter(Boolean).join(' · ')
  const isPicture = kind === 'image' || kind === 'sticker'
  const shown = isPicture ? element('img', { src: href, alt: name, loading: 'lazy' }) : name
  return element('a', { className: 'file', href, download: media.fileName ?? id }, shown)
}

/** An option is chosen, or no longer, by a click. */
function pollOf({ id, poll }, state) {
  const mine = poll.options.filter(({ voters }) => voters.includes(state.number)).map(({ name }) => name)
  const vote = (name) => {
    const others = poll.choices === 1 ? [] : mine.filter((each) => each !== name)
    const options = mine.includes(name) ? others : [...others, name]
    return api.send(state.number, state.chat, { kind: 'vote', target: id, options })
  }
  const rows = poll.options.map(({ name, voters }) => {
    const title = voters.map(nameIn(state)).join(', ')
    const count = element('strong', {}, String(voters.length))
    const made = element('button', {
      type: 'button',
      title,
      ariaPressed: mine.includes(name),
      onclick: () => vote(name),
    })
    made.append(name, count)
    made.dataset.key = `vote ${id} ${name}`
    return element('li', {}, made)
  })
  return element('ul', { className: 'poll' }, ...rows)
}
