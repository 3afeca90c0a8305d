import { bold, dim, green, ratio, red, table } from './terminal.mjs';

/** Collects the figures that have a bar to clear and prints them together at the end. */
export class Report {
  /** @type {{ what: string, value: string, bar: string, met: boolean }[]} */
  #lines = [];

  /** A ratio that must be at least `bar`. */
  atLeast(what, value, bar, format = ratio) {
    this.#lines.push({ what, value: format(value), bar: `>= ${format(bar)}`, met: value >= bar });
  }

  /** A figure that must be at most `bar`. */
  atMost(what, value, bar, format = ratio) {
    this.#lines.push({ what, value: format(value), bar: `<= ${format(bar)}`, met: value <= bar });
  }

  print() {
    if (this.#lines.length === 0) return;
    console.log(`\n${bold('Bars')} ${dim('(ratios of medians measured in this run)')}`);
    table(
      ['what', 'measured', 'bar', ''],
      this.#lines.map(({ what, value, bar, met }) => {
        return [what, value, bar, met ? green('met') : red('NOT MET')];
      }),
    );
    console.log('');
  }
}
