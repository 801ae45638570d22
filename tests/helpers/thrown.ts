/** @file What a piece of code throws, for assertions on its code and message. */

/** Runs `work` and gives back what it threw, now or later; an error of its own when it threw nothing. */
export async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  return new Error('nothing was thrown')
}
