/** How the package's objects are shown. */

const kInspect: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/**
 * An object that console.log and JSON.stringify show in short. Without this they would show all it
 * is made of, down to the engine's memory.
 */
export abstract class Shown {
  /** What JSON.stringify makes of it: its state in a few words, never data. */
  abstract toJSON(): Readonly<Record<string, unknown>>;

  /** What console.log shows in Node. */
  [kInspect](): string {
    const state = Object.entries(this.toJSON());
    const parts = state.map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return `${this.constructor.name} { ${parts.join(', ')} }`;
  }
}
