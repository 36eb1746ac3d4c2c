// Small helpers to build the page. Everything a person typed is set as text, never as HTML.

/**
 * An element with properties and children; those that are undefined, null or false are left out.
 * @param {string} tag
 * @param {Record<string, unknown>} properties such as className, onclick, ariaLabel
 * @param {(Node | string | undefined | null | false)[]} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children.filter((child) => child || child === ''))
  return made
}

/** One view that isn't a phone: a title and what it shows. */
export function pageView(title, ...children) {
  return element('section', { className: 'page' }, element('h1', {}, title), ...children)
}

/** Runs a form's action; what goes wrong is said in the form. */
export function onSubmit(form, action) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const message = form.querySelector('.error')
    message.textContent = ''
    const button = form.querySelector('button:not([type=button])')
    button.disabled = true
    try {
      await action(form.elements)
    } catch (error) {
      message.textContent = error.message
    }
    button.disabled = false
  })
}

/** A phone's number, or a group's id as it is. @param {string} number */
export function formatNumber(number) {
  return number.includes('@') ? number : `+${number}`
}

/** Tells the name of a number, as far as there is a phone with it. */
export function nameIn({ phones }) {
  return (number) => phones.find((phone) => phone.number === number)?.name ?? formatNumber(number)
}

/** Today the time, otherwise the day. @param {number} at Unix milliseconds */
export function formatTime(at) {
  const date = new Date(at)
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
