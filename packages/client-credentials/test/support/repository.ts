/** The files of the repository. */
export const fromRoot = (path: string): URL => new URL(`../../../../${path}`, import.meta.url)
