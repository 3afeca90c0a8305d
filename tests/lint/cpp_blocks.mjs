// Just enough C++ to know where the braces are: which blocks are functions and which statements
// stand at namespace scope. Relies on nothing but balanced braces; it is no parser.

/** The text with comments, strings and character literals blanked out, line breaks kept. */
export function blankLiterals(text) {
  const blank = (match) => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/R"([^(\s]*)\([\s\S]*?\)\1"/g, blank)
    .replace(
      /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'/g,
      blank,
    );
}

const scopeHeader = /^(inline\s+)?(namespace|extern)\b|\b(class|struct|union|enum)\b[^()=]*$/;
const control = /^(if|for|while|switch|do|else|return|case|default)\b/;
const qualifiers = String.raw`\)\s*((const|noexcept|override|final|mutable|&&?)\s*)*`;
const functionHeader = new RegExp(`${qualifiers}(->[^;]*|:[^:].*\\})?$`, 's');

function kindOf(header) {
  if (scopeHeader.test(header)) return 'scope';
  if (control.test(header) || !functionHeader.test(header)) return 'other';
  return /=\s*$|=[^=>]*\[[^\]]*\]\s*\(/.test(header) ? 'other' : 'function';
}

class Scanner {
  constructor(text) {
    this.text = blankLiterals(text).replace(/^[ \t]*#(?:[^\n\\]|\\[\s\S])*/gm, (match) =>
      match.replace(/[^\n]/g, ' '),
    );
    this.stack = [];
    this.header = '';
    this.line = 1;
    this.headerLine = 1;
    this.functions = [];
    this.statements = [];
  }

  get inFunction() {
    return this.stack.some((block) => block.kind === 'function');
  }

  open() {
    const header = this.header.trim();
    let kind = kindOf(header);
    if (kind === 'function' && this.inFunction) kind = 'other';
    this.stack.push({ kind, header, line: this.headerLine });
    this.header = '';
  }

  close() {
    const block = this.stack.pop();
    this.header = '';
    if (block?.kind === 'function') {
      this.functions.push({ ...block, lines: this.line - block.line + 1 });
    } else if (block?.kind === 'other' && !control.test(block.header)) {
      // An initialiser: the declaration goes on after it.
      this.header = `${block.header}{}`;
      this.headerLine = block.line;
    }
  }

  endStatement() {
    const text = this.header.trim();
    if (text) {
      const atNamespace = this.stack.every((block) =>
        /^(inline\s+)?(namespace|extern)\b/.test(block.header),
      );
      this.statements.push({
        text,
        line: this.headerLine,
        inFunction: this.inFunction,
        atNamespace,
      });
    }
    this.header = '';
  }

  scan() {
    for (const char of this.text) {
      if (char === '{') this.open();
      else if (char === '}') this.close();
      else if (char === ';') this.endStatement();
      else {
        if (!this.header.trim() && char.trim()) this.headerLine = this.line;
        this.header += char;
      }
      if (char === '\n') this.line++;
    }
    return { functions: this.functions, statements: this.statements };
  }
}

/**
 * { functions: [{ header, line, lines }], statements: [{ text, line, inFunction, atNamespace }] }
 * of a C++ source. Lambdas count as part of the function around them.
 */
export function scanCpp(text) {
  return new Scanner(text).scan();
}
