/**
 * Answers questions beside the page, which stays responsive.
 */
import { answer, type Question } from "./fleet.js"

interface Page {
  onmessage: ((message: { readonly data: { readonly id: number; readonly question: Question } }) => void) | null
  readonly postMessage: (message: unknown) => void
}

const page = globalThis as unknown as Page

page.onmessage = ({ data: { id, question } }) => {
  void answer(question).then((answer) => page.postMessage({ id, answer }))
}
