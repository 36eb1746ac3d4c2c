/** Text in sections. Pure. */

export const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** A title and what belongs to it; `none` where there is nothing. */
export const section = (title: string, text: string): string =>
  text ? `${title}\n${indented(text)}` : `${title}: none`
