/** The page: a console on a database in memory. */
import { formatReply, splitLine } from '../bindings/js/format.js';
import { open, type Database } from '../bindings/js/index.js';

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}`);
  return found as T;
}

const log = element('log');
const place = element('place');
const input = element<HTMLInputElement>('line');
const status = element('status');
const examples = [...element('examples').querySelectorAll('button')];

/** Earlier lines, oldest first, and where the arrows stand among them. */
class History {
  private readonly lines: string[] = [];
  private at = 0;

  add(line: string): void {
    if (this.lines.at(-1) !== line) this.lines.push(line);
    this.at = this.lines.length;
  }

  /** The line `step` away from where the arrows stand; '' past the newest. */
  move(step: number): string {
    this.at = Math.min(Math.max(this.at + step, 0), this.lines.length);
    return this.lines[this.at] ?? '';
  }
}

/** Runs lines on the database and shows what comes of them. */
class Console {
  private readonly history = new History();
  private selected = 0;

  constructor(private readonly db: Database) {}

  submit(line: string): void {
    const trimmed = line.trim();
    if (trimmed === '') return;
    this.history.add(line);
    if (/^clear$/i.test(trimmed)) {
      log.replaceChildren();
      return;
    }
    const shown = document.createElement('p');
    shown.className = 'command';
    const prompt = document.createElement('b');
    prompt.textContent = place.textContent;
    shown.append(prompt, ` ${trimmed}`);
    log.append(shown);
    const reply = document.createElement('pre');
    reply.textContent = this.run(trimmed);
    if (reply.textContent.startsWith('(error)')) reply.className = 'error';
    log.append(reply);
    log.scrollTop = log.scrollHeight;
    if (this.db.closed) disable('The database is closed. Reload the page for a new one.');
  }

  recall(step: number): string {
    return this.history.move(step);
  }

  private run(line: string): string {
    const words = splitLine(line);
    if (words === undefined) return '(error) Invalid argument(s): a quotation is not closed';
    const [name, ...args] = words;
    try {
      const command = new TextDecoder().decode(name);
      const text = formatReply(this.db.callRaw(command, ...args));
      if (/^select$/i.test(command) && text === 'OK') {
        this.selected = Number(new TextDecoder().decode(args[0]));
        place.textContent = this.selected === 0 ? 'kvasm>' : `kvasm[${this.selected}]>`;
      }
      return text;
    } catch (error) {
      return `(error) ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function disable(reason: string): void {
  for (const control of [input, ...examples]) control.disabled = true;
  status.textContent = reason;
}

function listen(repl: Console): void {
  element<HTMLFormElement>('prompt').addEventListener('submit', (event) => {
    event.preventDefault();
    repl.submit(input.value);
    input.value = '';
  });
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    input.value = repl.recall(event.key === 'ArrowUp' ? -1 : 1);
    input.setSelectionRange(input.value.length, input.value.length);
  });
  for (const button of examples) {
    button.addEventListener('click', () => {
      repl.submit(button.textContent);
      input.focus();
    });
  }
}

async function start(): Promise<void> {
  const began = performance.now();
  const db = await open('memory:');
  const tookMs = Math.round(performance.now() - began);
  listen(new Console(db));
  for (const control of [input, ...examples]) control.disabled = false;
  input.focus();
  status.textContent = `The engine was ready in ${tookMs} ms.`;
}

for (const button of examples) button.disabled = true;
start().catch((error: unknown) => disable(`The engine could not be loaded: ${error}`));
