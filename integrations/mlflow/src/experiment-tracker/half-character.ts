/**
 * Why MLflow cannot keep a text, in words that follow its name; undefined if it can. Half of a pair of surrogates has no UTF-8: MLflow would keep an empty
 * text, and lose what comes after it in the request.
 */
export function halfCharacterRefusal(text: string): string | undefined {
  return text.isWellFormed() ? undefined : 'has half of a character, as text has that is cut inside an emoji';
}
