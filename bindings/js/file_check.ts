/**
 * Checks of files, piece by piece, for the tools `kvasm-check-aof` and `kvasm-check-rdb`. They have
 * a WebAssembly module of their own.
 */
import createModule from '../../kvasm_checks.js';
import { compileFrom, start } from './loader.js';
import type {
  AofReport,
  ChecksModule,
  FileCheckControl,
  ManifestFault,
  ManifestFiles,
  RdbReport,
} from './module.js';

/** A file being checked: `feed` it until that returns false or the file ends, then `finish`. */
export class FileCheck<Report> {
  constructor(
    private readonly module: ChecksModule,
    private readonly control: FileCheckControl<Report>,
    /** Called when the check may have something to say. */
    private readonly say: () => void = () => {},
  ) {}

  /** @returns false when no more needs to be known of the file */
  feed(piece: Uint8Array): boolean {
    const at = this.control.reserve(piece.length) >>> 0;
    if (at === 0) throw new Error('No memory for a piece of the file');
    this.module.HEAPU8.set(piece, at);
    const goesOn = this.control.feed(piece.length);
    this.say();
    return goesOn;
  }

  /** What is to be said of the file, if it ends here. */
  finish(): Report {
    const report = this.control.finish();
    this.say();
    return report;
  }

  /** Gives back its memory. */
  dispose(): void {
    this.control.delete();
  }
}

/** Makes checks. */
export class FileChecker {
  private constructor(private readonly module: ChecksModule) {}

  static async create(): Promise<FileChecker> {
    const code = await compileFrom(new URL('../../kvasm_checks.wasm', import.meta.url));
    return new FileChecker(await start(createModule, code));
  }

  /** The files an append-only file consists of, or why the text says nothing of that kind. */
  parseManifest(text: Uint8Array): ManifestFiles | ManifestFault {
    return this.module.parseManifest(text);
  }

  /**
   * The commands of an append-only file.
   * @param offset where they begin in the file
   * @param untilSeconds up to which time they are wanted, in seconds since 1970; 0 = all of them
   */
  aof(offset: number, untilSeconds: number): FileCheck<AofReport> {
    return new FileCheck(this.module, new this.module.AofCheck(offset, untilSeconds));
  }

  /**
   * An RDB file.
   * @param name what it calls it
   * @param print takes what it says, whole lines
   */
  rdb(name: string, print: (lines: string) => void): FileCheck<RdbReport> {
    const random = (): number => Math.floor(Math.random() * 2 ** 53);
    const control = new this.module.RdbCheck(name, Date.now(), random(), random());
    const say = (): void => {
      const lines = control.takeLines();
      if (lines !== '') print(lines);
    };
    say();
    return new FileCheck(this.module, control, say);
  }
}
