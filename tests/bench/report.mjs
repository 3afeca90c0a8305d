import { cpus, loadavg } from 'node:os';
import { bold, dim, green, ratio, red, table } from './terminal.mjs';

/**
 * Collects the figures that have a bar to clear and prints them together at the end.
 *
 * A figure may come with a second one, the same by processor time. On a machine that others are
 * using, elapsed time says little; then, and only then, the second figure may clear the bar, and
 * the table says so.
 */
export class Report {
  #lines = [];
  #isBusy = isBusy();

  /** A ratio that must be at least `bar`: a number, or [by elapsed time, by processor time]. */
  atLeast(what, values, bar, format = ratio) {
    this.#add(what, values, `>= ${format(bar)}`, (value) => value >= bar, format);
  }

  /** A figure that must be at most `bar`: a number, or [elapsed, processor time]. */
  atMost(what, values, bar, format = ratio) {
    this.#add(what, values, `<= ${format(bar)}`, (value) => value <= bar, format);
  }

  #add(what, values, bar, clears, format) {
    this.#isBusy ||= isBusy();
    const [value, byCpu] = [values].flat();
    const met = clears(value);
    const metByCpu = byCpu !== undefined && clears(byCpu);
    const cpuText = Number.isFinite(byCpu) ? format(byCpu) : '-';
    this.#lines.push({ what, value: format(value), cpuText, bar, met, metByCpu });
  }

  print() {
    if (this.#lines.length === 0) return;
    console.log(`\n${bold('Bars')} ${dim('(medians measured in this run)')}`);
    table(
      ['what', 'measured', 'by processor time', 'bar', ''],
      this.#lines.map(({ what, value, cpuText, bar, met, metByCpu }) => {
        const verdict = met
          ? green('met')
          : this.#isBusy && metByCpu
            ? green('met by processor time')
            : red('NOT MET');
        return [what, value, cpuText, bar, verdict];
      }),
    );
    if (this.#isBusy) {
      const load = loadavg()[0].toFixed(1);
      console.log(`  Others were using this machine (load ${load} on ${cpus().length} cores).`);
    }
    console.log('');
  }
}

/** More runnable processes than cores, beyond the two the bench itself keeps running. */
function isBusy() {
  return loadavg()[0] > cpus().length + 2;
}
