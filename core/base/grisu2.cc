#include "core/base/grisu2.h"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "core/base/bytes.h"
#include "core/base/uint128.h"

namespace kvasm::base {
namespace {

// fraction x 2^exponent.
struct Scaled {
  uint64_t fraction;
  int exponent;
};

// 10^(kFirstPower + 8 i), as 64 rounded bits whose highest is set.
constexpr int kFirstPower = -348;
constexpr int kPowerStep = 8;
constexpr uint64_t kPowers[] = {
    0xfa8fd5a0081c0288, 0xbaaee17fa23ebf76, 0x8b16fb203055ac76, 0xcf42894a5dce35ea,
    0x9a6bb0aa55653b2d, 0xe61acf033d1a45df, 0xab70fe17c79ac6ca, 0xff77b1fcbebcdc4f,
    0xbe5691ef416bd60c, 0x8dd01fad907ffc3c, 0xd3515c2831559a83, 0x9d71ac8fada6c9b5,
    0xea9c227723ee8bcb, 0xaecc49914078536d, 0x823c12795db6ce57, 0xc21094364dfb5637,
    0x9096ea6f3848984f, 0xd77485cb25823ac7, 0xa086cfcd97bf97f4, 0xef340a98172aace5,
    0xb23867fb2a35b28e, 0x84c8d4dfd2c63f3b, 0xc5dd44271ad3cdba, 0x936b9fcebb25c996,
    0xdbac6c247d62a584, 0xa3ab66580d5fdaf6, 0xf3e2f893dec3f126, 0xb5b5ada8aaff80b8,
    0x87625f056c7c4a8b, 0xc9bcff6034c13053, 0x964e858c91ba2655, 0xdff9772470297ebd,
    0xa6dfbd9fb8e5b88f, 0xf8a95fcf88747d94, 0xb94470938fa89bcf, 0x8a08f0f8bf0f156b,
    0xcdb02555653131b6, 0x993fe2c6d07b7fac, 0xe45c10c42a2b3b06, 0xaa242499697392d3,
    0xfd87b5f28300ca0e, 0xbce5086492111aeb, 0x8cbccc096f5088cc, 0xd1b71758e219652c,
    0x9c40000000000000, 0xe8d4a51000000000, 0xad78ebc5ac620000, 0x813f3978f8940984,
    0xc097ce7bc90715b3, 0x8f7e32ce7bea5c70, 0xd5d238a4abe98068, 0x9f4f2726179a2245,
    0xed63a231d4c4fb27, 0xb0de65388cc8ada8, 0x83c7088e1aab65db, 0xc45d1df942711d9a,
    0x924d692ca61be758, 0xda01ee641a708dea, 0xa26da3999aef774a, 0xf209787bb47d6b85,
    0xb454e4a179dd1877, 0x865b86925b9bc5c2, 0xc83553c5c8965d3d, 0x952ab45cfa97a0b3,
    0xde469fbd99a05fe3, 0xa59bc234db398c25, 0xf6c69a72a3989f5c, 0xb7dcbf5354e9bece,
    0x88fcf317f22241e2, 0xcc20ce9bd35c78a5, 0x98165af37b2153df, 0xe2a0b5dc971f303a,
    0xa8d9d1535ce3b396, 0xfb9b7cd9a4a7443c, 0xbb764c4ca7a44410, 0x8bab8eefb6409c1a,
    0xd01fef10a657842c, 0x9b10a4e5e9913129, 0xe7109bfba19c0c9d, 0xac2820d9623bf429,
    0x80444b5e7aa7cf85, 0xbf21e44003acdd2d, 0x8e679c2f5e44ff8f, 0xd433179d9c8cb841,
    0x9e19db92b4e31ba9, 0xeb96bf6ebadf77d9, 0xaf87023b9bf0ee6b,
};
constexpr int kPowerCount = static_cast<int>(std::size(kPowers));

// A product's exponent stays in this window, so that its integral part fits 32 bits.
constexpr int kExponentMin = -60;
constexpr int kExponentMax = -32;

constexpr int kDigitsMax = 18;

// The binary exponent of kPowers' entry for 10^power: floor(power x log2(10)) - 63.
constexpr int PowerExponent(int power) { return ((power * 217706) >> 16) - 63; }

constexpr Scaled PowerAt(int index) {
  return {kPowers[index], PowerExponent(kFirstPower + kPowerStep * index)};
}

// The index of a power that brings `exponent` into the window. Often two would do; which one is
// taken decides the digits, hence the estimate in floating point (exact on every machine).
int ChoosePower(int exponent) {
  constexpr double kLog10Of2 = 0.30102999566398114;
  const int power = static_cast<int>(-(exponent + kPowerCount) * kLog10Of2);
  int index = (power - kFirstPower) / kPowerStep;
  for (;;) {
    const int product = exponent + PowerAt(index).exponent + 64;
    if (product < kExponentMin) {
      ++index;
    } else if (product > kExponentMax) {
      --index;
    } else {
      return index;
    }
  }
}

Scaled Multiply(Scaled a, Scaled b) {
  const uint128 product = uint128{a.fraction} * b.fraction + (uint128{1} << 63);
  return {static_cast<uint64_t>(product >> 64), a.exponent + b.exponent + 64};
}

Scaled Normalize(Scaled value) {
  const int shift = std::countl_zero(value.fraction);
  return {value.fraction << shift, value.exponent - shift};
}

struct Decimal {
  char digits[kDigitsMax];
  int count = 0;
  int exponent = 0;  // value = digits x 10^exponent
};

// Lowers the last digit while that brings the number nearer to the value and keeps it in range.
// All distances are measured downwards from the upper boundary.
void RoundLastDigit(Decimal& decimal, uint64_t range, uint64_t rest, uint64_t unit,
                    uint64_t value_distance) {
  while (rest < value_distance && range - rest >= unit &&
         (rest + unit < value_distance || value_distance - rest > rest + unit - value_distance)) {
    --decimal.digits[decimal.count - 1];
    rest += unit;
  }
}

// Produces the digits of `upper` until what is left lies within [upper - range, upper].
void GenerateDigits(Decimal& decimal, Scaled upper, uint64_t range, uint64_t value_distance) {
  const int shift = -upper.exponent;
  const uint64_t one = uint64_t{1} << shift;
  auto whole = static_cast<uint32_t>(upper.fraction >> shift);
  uint64_t fraction = upper.fraction & (one - 1);
  const auto put = [&decimal](uint32_t digit) {
    if (digit != 0 || decimal.count != 0) {
      decimal.digits[decimal.count++] = static_cast<char>('0' + digit);
    }
  };
  int place = 9;
  for (uint32_t unit = 1'000'000'000; unit > 0; unit /= 10, --place) {
    put(whole / unit);
    whole %= unit;
    const uint64_t rest = (uint64_t{whole} << shift) + fraction;
    if (rest <= range) {
      decimal.exponent += place;
      return RoundLastDigit(decimal, range, rest, uint64_t{unit} << shift, value_distance);
    }
  }
  for (;; --place) {
    fraction *= 10;
    range *= 10;
    value_distance *= 10;
    put(static_cast<uint32_t>(fraction >> shift));
    fraction &= one - 1;
    if (fraction < range) {
      decimal.exponent += place;
      return RoundLastDigit(decimal, range, fraction, one, value_distance);
    }
  }
}

Decimal Shortest(double value) {
  constexpr uint64_t kHiddenBit = uint64_t{1} << 52;
  const uint64_t bits = BitCast<uint64_t>(value);
  const int biased = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t stored = bits & (kHiddenBit - 1);
  const Scaled exact = {biased != 0 ? stored | kHiddenBit : stored,
                        (biased != 0 ? biased : 1) - 1075};

  // Half-way to the neighbours; the lower one is nearer just above a power of two.
  const Scaled upper = Normalize({exact.fraction * 2 + 1, exact.exponent - 1});
  const int lower_shift = exact.fraction == kHiddenBit ? 2 : 1;
  Scaled lower = {(exact.fraction << lower_shift) - 1, exact.exponent - lower_shift};
  lower.fraction <<= lower.exponent - upper.exponent;
  lower.exponent = upper.exponent;

  const int index = ChoosePower(upper.exponent);
  const Scaled power = PowerAt(index);
  const Scaled scaled = Multiply(Normalize(exact), power);
  Scaled high = Multiply(upper, power);
  // One unit inside on both sides makes up for the rounding of the products.
  --high.fraction;
  const uint64_t low_fraction = Multiply(lower, power).fraction + 1;

  Decimal decimal;
  decimal.exponent = -(kFirstPower + kPowerStep * index);
  GenerateDigits(decimal, high, high.fraction - low_fraction, high.fraction - scaled.fraction);
  return decimal;
}

class Writer {
 public:
  explicit Writer(char* out) : begin_(out), at_(out) {}
  void Put(char c) { *at_++ = c; }
  void Put(const char* text, int count) {
    std::memcpy(at_, text, static_cast<size_t>(count));
    at_ += count;
  }
  void Zeros(int count) {
    std::memset(at_, '0', static_cast<size_t>(count));
    at_ += count;
  }
  size_t size() const { return static_cast<size_t>(at_ - begin_); }

 private:
  char* begin_;
  char* at_;
};

void WriteScientific(Writer& writer, const Decimal& decimal, int exponent) {
  writer.Put(decimal.digits[0]);
  if (decimal.count > 1) {
    writer.Put('.');
    writer.Put(decimal.digits + 1, decimal.count - 1);
  }
  writer.Put('e');
  writer.Put(exponent < 0 ? '-' : '+');
  const int magnitude = std::abs(exponent);
  if (magnitude >= 100) writer.Put(static_cast<char>('0' + magnitude / 100));
  if (magnitude >= 10) writer.Put(static_cast<char>('0' + magnitude / 10 % 10));
  writer.Put(static_cast<char>('0' + magnitude % 10));
}

}  // namespace

size_t FormatGrisu2(char* out, double value) {
  Writer writer(out);
  if (value < 0) writer.Put('-');
  const Decimal decimal = Shortest(value);
  const int exponent = decimal.exponent + decimal.count - 1;
  const int magnitude = std::abs(exponent);
  if (decimal.exponent >= 0 && magnitude < decimal.count + 7) {
    writer.Put(decimal.digits, decimal.count);
    writer.Zeros(decimal.exponent);
  } else if (decimal.exponent < 0 && (decimal.exponent > -7 || magnitude < 4)) {
    const int whole = decimal.count + decimal.exponent;  // digits before the point
    if (whole > 0) {
      writer.Put(decimal.digits, whole);
      writer.Put('.');
      writer.Put(decimal.digits + whole, decimal.count - whole);
    } else {
      writer.Put("0.", 2);
      writer.Zeros(-whole);
      writer.Put(decimal.digits, decimal.count);
    }
  } else {
    WriteScientific(writer, decimal, exponent);
  }
  return writer.size();
}

}  // namespace kvasm::base
