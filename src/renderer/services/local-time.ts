/** @file Times as a date-and-time field holds them: local, without a zone. Pure. */

const two = (value: number): string => String(value).padStart(2, '0')

/** `2026-03-13T07:00` in the person's time zone. */
export function localDateTime(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Seven o'clock, today if that is still to come, else tomorrow. */
export function nextMorning(now: Date): Date {
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate(), 7)
  return morning.getTime() > now.getTime() ? morning : new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 7)
}
