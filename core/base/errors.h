#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Every error text the engine can reply with: clients match on them, so they are those of
// Redis 7.2, byte for byte. A text begins with its code (the first word); the reply writer adds '-'
// and the line end. Texts with a part that varies are functions. A part that comes from a client
// may hold any byte: the reply writer turns CR and LF into spaces, as Redis does.
namespace kvasm::errors {

// --- Types and values --------------------------------------------------------------------------
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kOutOfRange = "ERR value is out of range";
inline constexpr std::string_view kNotBetweenLongs =
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
inline constexpr std::string_view kMustBePositive = "ERR value is out of range, must be positive";
// For arguments that Redis reads into a 32-bit int.
inline constexpr std::string_view kIntOutOfRange =
    "ERR value is out of range, value must between -2147483648 and 2147483647";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kDecrementOverflow = "ERR decrement would overflow";
inline constexpr std::string_view kNanOrInfinity = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";

// --- Keys --------------------------------------------------------------------------------------
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kBusyKey = "BUSYKEY Target key name already exists.";
inline constexpr std::string_view kDbIndexOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kInvalidFirstDbIndex = "ERR invalid first DB index";
inline constexpr std::string_view kInvalidSecondDbIndex = "ERR invalid second DB index";
inline constexpr std::string_view kGtAndLt =
    "ERR GT and LT options at the same time are not compatible";
inline constexpr std::string_view kNxWithOthers =
    "ERR NX and XX, GT or LT options at the same time are not compatible";
inline constexpr std::string_view kLfuSelected =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";
inline constexpr std::string_view kLfuNotSelected =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";
inline constexpr std::string_view kInvalidTtl = "ERR Invalid TTL value, must be >= 0";
inline constexpr std::string_view kInvalidIdletime = "ERR Invalid IDLETIME value, must be >= 0";
inline constexpr std::string_view kInvalidFreq = "ERR Invalid FREQ value, must be >= 0 and <= 255";
inline constexpr std::string_view kDumpPayload = "ERR DUMP payload version or checksum are wrong";
inline constexpr std::string_view kDumpFormat = "ERR Bad data format";
std::string InvalidExpire(std::string_view command);     // lower-case name
std::string UnsupportedOption(std::string_view option);  // of EXPIRE and its kin

// --- Strings -----------------------------------------------------------------------------------
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";
inline constexpr std::string_view kNotHyperLogLog =
    "WRONGTYPE Key is not a valid HyperLogLog string value.";
inline constexpr std::string_view kCorruptHyperLogLog = "INVALIDOBJ Corrupted HLL object detected";
std::string UnknownPfdebugSubcommand(std::string_view name);
inline constexpr std::string_view kPfdebugNoKey = "ERR The specified key does not exist";
inline constexpr std::string_view kPfdebugNotSparse = "ERR HLL encoding is not sparse";
// PFSELFTEST
inline constexpr std::string_view kHllSparseUnused = "ERR TESTFAILED sparse encoding not used";
inline constexpr std::string_view kHllDisagree = "ERR TESTFAILED dense/sparse disagree";
std::string HllRegister(uint64_t index, uint64_t expected, uint64_t got);
std::string HllCountError(uint64_t elements, uint64_t error);
inline constexpr std::string_view kBitOffset = "ERR bit offset is not an integer or out of range";
inline constexpr std::string_view kBitValue = "ERR bit is not an integer or out of range";
inline constexpr std::string_view kBitNotZeroOrOne = "ERR The bit argument must be 1 or 0.";
inline constexpr std::string_view kBitopNotKeys =
    "ERR BITOP NOT must be called with a single source key.";
inline constexpr std::string_view kBitfieldType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
inline constexpr std::string_view kBitfieldOverflow = "ERR Invalid OVERFLOW type specified";
inline constexpr std::string_view kBitfieldOnlyGet =
    "ERR BITFIELD_RO only supports the GET subcommand";
inline constexpr std::string_view kLcsNotStrings =
    "ERR The specified keys must contain string values";
inline constexpr std::string_view kLcsLenAndIdx =
    "ERR If you want both the length and indexes, please just use IDX.";
inline constexpr std::string_view kLcsMemory =
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
inline constexpr std::string_view kLcsMemoryFailed =
    "ERR Insufficient memory, failed allocating transient memory for LCS";

// --- Lists, hashes, sets, sorted sets -----------------------------------------------------------
inline constexpr std::string_view kHashNotInteger = "ERR hash value is not an integer";
inline constexpr std::string_view kHashNotFloat = "ERR hash value is not a float";
inline constexpr std::string_view kFieldsMissing =
    "ERR Mandatory argument FIELDS is missing or not at the right position";
inline constexpr std::string_view kFieldCountPositive =
    "ERR Number of fields must be a positive integer";
inline constexpr std::string_view kNumfieldsPositive =
    "ERR Parameter `numFields` should be greater than 0";
inline constexpr std::string_view kNumfieldsMismatch =
    "ERR The `numfields` parameter must match the number of arguments";
inline constexpr std::string_view kInvalidFieldCount = "ERR invalid number of fields";
inline constexpr std::string_view kExpireNegative = "ERR invalid expire time, must be >= 0";
inline constexpr std::string_view kExpireMissing = "ERR missing expire time";
inline constexpr std::string_view kFxxAndFnx =
    "ERR Only one of FXX or FNX arguments can be specified";
inline constexpr std::string_view kOneFieldExpiry =
    "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
std::string UnknownArgument(std::string_view argument);
inline constexpr std::string_view kIncrementNanOrInfinity = "ERR value is NaN or Infinity";
inline constexpr std::string_view kNumkeysPositive = "ERR numkeys should be greater than 0";
inline constexpr std::string_view kCountPositive = "ERR count should be greater than 0";
inline constexpr std::string_view kTooManyKeys =
    "ERR Number of keys can't be greater than number of args";
inline constexpr std::string_view kLimitNegative = "ERR LIMIT can't be negative";
inline constexpr std::string_view kMinMaxNotFloat = "ERR min or max is not a float";
inline constexpr std::string_view kMinMaxNotLex = "ERR min or max not valid string range item";
inline constexpr std::string_view kScoreNan = "ERR resulting score is not a number (NaN)";
inline constexpr std::string_view kXxAndNx =
    "ERR XX and NX options at the same time are not compatible";
inline constexpr std::string_view kGtLtNx =
    "ERR GT, LT, and/or NX options at the same time are not compatible";
inline constexpr std::string_view kIncrSinglePair =
    "ERR INCR option supports a single increment-element pair";
inline constexpr std::string_view kWeightNotFloat = "ERR weight value is not a float";
inline constexpr std::string_view kLimitNeedsBy =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
inline constexpr std::string_view kWithScoresByLex =
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
inline constexpr std::string_view kTimeoutNotFloat = "ERR timeout is not a float or out of range";
inline constexpr std::string_view kTimeoutNotInteger =
    "ERR timeout is not an integer or out of range";
inline constexpr std::string_view kTimeoutNegative = "ERR timeout is negative";
inline constexpr std::string_view kTimeoutOutOfRange = "ERR timeout is out of range";
inline constexpr std::string_view kNotZeroOrOne =
    "ERR value is out of range, value must between 0 and 1";
inline constexpr std::string_view kWaitaofDisabled =
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
inline constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
inline constexpr std::string_view kRankZero =
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
    "negative to start from the end of the list";
inline constexpr std::string_view kPositionCountNegative = "ERR COUNT can't be negative";
inline constexpr std::string_view kPositionMaxlenNegative = "ERR MAXLEN can't be negative";
std::string NeedsInputKey(std::string_view command);  // lower-case name, as 'zunionstore'

// --- Streams -----------------------------------------------------------------------------------
inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";
inline constexpr std::string_view kInvalidRangeStart = "ERR invalid start ID for the interval";
inline constexpr std::string_view kInvalidRangeEnd = "ERR invalid end ID for the interval";
inline constexpr std::string_view kAddIdZero =
    "ERR The ID specified in XADD must be greater than 0-0";
inline constexpr std::string_view kAddIdTooSmall =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";
inline constexpr std::string_view kStreamIdsExhausted =
    "ERR The stream has exhausted the last possible ID, unable to add more items";
inline constexpr std::string_view kEntryTooLarge = "ERR Elements are too large to be stored";
inline constexpr std::string_view kTrimTwice =
    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
inline constexpr std::string_view kTrimLengthNegative = "ERR The MAXLEN argument must be >= 0.";
inline constexpr std::string_view kTrimLimitNegative = "ERR The LIMIT argument must be >= 0.";
inline constexpr std::string_view kTrimLimitAlone =
    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
inline constexpr std::string_view kTrimLimitExact =
    "ERR syntax error, LIMIT cannot be used without the special ~ option";
inline constexpr std::string_view kTrimNothing =
    "ERR syntax error, XTRIM must be called with a trimming strategy";
inline constexpr std::string_view kEntriesAddedNegative = "ERR entries_added must be positive";
inline constexpr std::string_view kSetIdBelowGivenDeleted =
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
inline constexpr std::string_view kSetIdBelowDeleted =
    "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
inline constexpr std::string_view kSetIdBelowTop =
    "ERR The ID specified in XSETID is smaller than the target stream top item";
inline constexpr std::string_view kEntriesAddedBelowLength =
    "ERR The entries_added specified in XSETID is smaller than the target stream length";
inline constexpr std::string_view kReadIdOfGroup =
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
    "option.";
inline constexpr std::string_view kReadGroupOption =
    "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
inline constexpr std::string_view kReadNoackOption =
    "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
inline constexpr std::string_view kMissingGroup = "ERR Missing GROUP option for XREADGROUP";
inline constexpr std::string_view kBusyGroup = "BUSYGROUP Consumer Group name already exists";
inline constexpr std::string_view kEntriesReadNegative =
    "ERR value for ENTRIESREAD must be positive or -1";
inline constexpr std::string_view kGroupNeedsKey =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM option to create an empty stream automatically.";
inline constexpr std::string_view kDollarWithGroup =
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
    "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would "
    "just return an empty result set.";
inline constexpr std::string_view kClaimMinIdle = "ERR Invalid min-idle-time argument for XCLAIM";
inline constexpr std::string_view kAutoclaimMinIdle =
    "ERR Invalid min-idle-time argument for XAUTOCLAIM";
inline constexpr std::string_view kClaimIdle = "ERR Invalid IDLE option argument for XCLAIM";
inline constexpr std::string_view kClaimTime = "ERR Invalid TIME option argument for XCLAIM";
inline constexpr std::string_view kClaimRetryCount =
    "ERR Invalid RETRYCOUNT option argument for XCLAIM";
inline constexpr std::string_view kAutoclaimCount = "ERR COUNT must be > 0";
inline constexpr std::string_view kAutoclaimMemory =
    "ERR Insufficient memory, failed allocating transient memory, COUNT too high.";
std::string UnknownClaimOption(std::string_view option);
// Neither the key nor the group need exist. XREADGROUP's text has an end of its own.
std::string NoSuchKeyOrGroup(std::string_view key, std::string_view group);
std::string NoSuchKeyOrGroupToRead(std::string_view key, std::string_view group);
std::string NoSuchGroup(std::string_view key, std::string_view group);
// `command` in lower case; `symbol` is the id that stands for the newest.
std::string UnbalancedStreams(std::string_view command, char symbol);

// --- Geo ---------------------------------------------------------------------------------------
inline constexpr std::string_view kGeoUnit =
    "ERR unsupported unit provided. please use M, KM, FT, MI";
inline constexpr std::string_view kGeoRadiusNotNumber = "ERR need numeric radius";
inline constexpr std::string_view kGeoWidthNotNumber = "ERR need numeric width";
inline constexpr std::string_view kGeoHeightNotNumber = "ERR need numeric height";
inline constexpr std::string_view kGeoRadiusNegative = "ERR radius cannot be negative";
inline constexpr std::string_view kGeoBoxNegative = "ERR height or width cannot be negative";
inline constexpr std::string_view kGeoCount = "ERR COUNT must be > 0";
inline constexpr std::string_view kGeoAnyNeedsCount =
    "ERR the ANY argument requires COUNT argument";
inline constexpr std::string_view kGeoNoMember = "ERR could not decode requested zset member";
inline constexpr std::string_view kGeoStoreWith =
    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
inline constexpr std::string_view kGeoSearchStoreWith =
    "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
std::string GeoPair(double longitude, double latitude);
// `command` as the client wrote it.
std::string GeoNeedsCentre(std::string_view command);
std::string GeoNeedsShape(std::string_view command);

// --- SORT --------------------------------------------------------------------------------------
inline constexpr std::string_view kSortNotDouble =
    "ERR One or more scores can't be converted into double";

// --- Requests ----------------------------------------------------------------------------------
inline constexpr std::string_view kProtocolInlineTooBig =
    "ERR Protocol error: too big inline request";
inline constexpr std::string_view kProtocolUnbalancedQuotes =
    "ERR Protocol error: unbalanced quotes in request";
inline constexpr std::string_view kProtocolCountTooBig =
    "ERR Protocol error: too big mbulk count string";
inline constexpr std::string_view kProtocolMultibulkLength =
    "ERR Protocol error: invalid multibulk length";
inline constexpr std::string_view kProtocolUnauthMultibulk =
    "ERR Protocol error: unauthenticated multibulk length";
inline constexpr std::string_view kProtocolBulkCountTooBig =
    "ERR Protocol error: too big bulk count string";
inline constexpr std::string_view kProtocolBulkLength = "ERR Protocol error: invalid bulk length";
inline constexpr std::string_view kProtocolUnauthBulk =
    "ERR Protocol error: unauthenticated bulk length";
std::string ProtocolExpectedDollar(char got);

// --- Dispatch ----------------------------------------------------------------------------------
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kOom = "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kLoading = "LOADING Redis is loading the dataset in memory";
// Only calls that cannot wait meet it, which Redis does not have.
inline constexpr std::string_view kHeldByPause =
    "ERR clients are paused, for which this call cannot wait";
inline constexpr std::string_view kNotInTransaction =
    "ERR Command not allowed inside a transaction";
inline constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";
inline constexpr std::string_view kNoReplicas = "NOREPLICAS Not enough good replicas to write.";
inline constexpr std::string_view kMisconfSnapshot =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";
std::string MisconfLog(std::string_view reason);
inline constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";
// EXEC of commands that would be refused, `reason` being what each would be told.
std::string ExecAborted(std::string_view reason);
inline constexpr std::string_view kExecWithoutMulti = "ERR EXEC without MULTI";
inline constexpr std::string_view kDiscardWithoutMulti = "ERR DISCARD without MULTI";
inline constexpr std::string_view kNestedMulti = "ERR MULTI calls can not be nested";
inline constexpr std::string_view kWatchInMulti = "ERR WATCH inside MULTI is not allowed";
// What is quoted of a bad request is bounded, and ends at a NUL, as in Redis.
inline constexpr size_t kQuotedMax = 128;
std::string_view Quoted(std::string_view text, size_t bytes_max);
std::string WrongArity(std::string_view full_name);  // lower case, "config|get" for a subcommand
// `arguments` is the list the command was called with, name excluded, as "'a' 'b' ".
std::string UnknownCommand(std::string_view name, std::string_view arguments);
std::string UnknownSubcommand(std::string_view subcommand, std::string_view command);
std::string WrongSubcommandSyntax(std::string_view subcommand, std::string_view command);
std::string NoPermission(std::string_view reason);
// DEBUG and MODULE, when the option that allows them is off. Upper-case name.
std::string CommandDisabled(std::string_view command, std::string_view option);

// --- COMMAND -----------------------------------------------------------------------------------
inline constexpr std::string_view kInvalidCommand = "ERR Invalid command specified";
inline constexpr std::string_view kInvalidCommandArity =
    "ERR Invalid number of arguments specified for command";
inline constexpr std::string_view kInvalidCommandArguments =
    "ERR Invalid arguments specified for command";
inline constexpr std::string_view kNoKeyArguments = "ERR The command has no key arguments";

// --- Connections -------------------------------------------------------------------------------
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kAuthNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you "
    "sure your configuration is correct?";
inline constexpr std::string_view kNoProto = "NOPROTO unsupported protocol version";
inline constexpr std::string_view kProtoNotInteger =
    "ERR Protocol version is not an integer or out of range";
inline constexpr std::string_view kHelloNeedsAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
    "protocol version at the same time";
inline constexpr std::string_view kClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::string_view kNoSuchClient = "ERR No such client";
inline constexpr std::string_view kInvalidClientId = "ERR Invalid client ID";
inline constexpr std::string_view kClientIdPositive = "ERR client-id should be greater than 0";
inline constexpr std::string_view kPauseMode = "ERR CLIENT PAUSE mode must be WRITE or ALL";
inline constexpr std::string_view kUnblockReason =
    "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
std::string HelloOption(std::string_view option);
std::string UnrecognizedOption(std::string_view option);  // CLIENT SETINFO
std::string SetInfoCharacters(std::string_view option);
std::string UnknownClientType(std::string_view type);
std::string NoSuchUser(std::string_view user);

// --- Client side caching -----------------------------------------------------------------------
inline constexpr std::string_view kOneRedirect =
    "ERR A client can only redirect to a single other client";
inline constexpr std::string_view kNoRedirectClient =
    "ERR The client ID you want redirect to does not exist";
inline constexpr std::string_view kPrefixNeedsBcast =
    "ERR PREFIX option requires BCAST mode to be enabled";
inline constexpr std::string_view kBcastSwitch =
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kOptWithBcast =
    "ERR OPTIN and OPTOUT are not compatible with BCAST";
inline constexpr std::string_view kOptInAndOut =
    "ERR You can't specify both OPTIN mode and OPTOUT mode";
inline constexpr std::string_view kOptSwitch =
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kCachingNotTracking =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
    "OPTOUT mode enabled";
inline constexpr std::string_view kCachingYes =
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
inline constexpr std::string_view kCachingNo =
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
// Of one session; `other` is one it has already, or another argument.
std::string PrefixOverlaps(std::string_view prefix, std::string_view other, bool is_present);

// --- Access control ----------------------------------------------------------------------------
// To be given to NoPermission().
inline constexpr std::string_view kDeniedKey = "No permissions to access a key";
inline constexpr std::string_view kDeniedChannel = "No permissions to access a channel";
std::string DeniedCommand(std::string_view user, std::string_view command);
std::string DeniedKey(std::string_view user, std::string_view key);
std::string DeniedChannel(std::string_view user, std::string_view channel);
// A queued command that its user may not run any more, for one of the reasons below.
std::string NoPermissionAnyMore(std::string_view reason);
inline constexpr std::string_view kNoMoreCommand =
    "no permission to execute the command or subcommand";
inline constexpr std::string_view kNoMoreKey = "no permission to touch the specified keys";
inline constexpr std::string_view kNoMoreChannel =
    "no permission to access one of the channels used as arguments to the command";
inline constexpr std::string_view kSortByDenied =
    "ERR BY option of SORT denied due to insufficient ACL permissions.";
inline constexpr std::string_view kSortGetDenied =
    "ERR GET option of SORT denied due to insufficient ACL permissions.";

// What is wrong with a rule.
inline constexpr std::string_view kAclUnknownCommand = "Unknown command or category name in ACL";
inline constexpr std::string_view kAclSyntax = "Syntax error";
inline constexpr std::string_view kAclAfterAllKeys =
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have "
    "any effect. Try 'resetkeys' to start with an empty list of patterns";
inline constexpr std::string_view kAclAfterAllChannels =
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "
    "have any effect. Try 'resetchannels' to start with an empty list of channels";
inline constexpr std::string_view kAclNoSuchPassword =
    "The password you are trying to remove from the user does not exist";
inline constexpr std::string_view kAclPasswordHash =
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
    "characters";
inline constexpr std::string_view kAclFirstArgument =
    "Allowing first-arg of a subcommand is not supported";
std::string AclRule(std::string_view rule, std::string_view problem);
std::string AclParenthesis(std::string_view rule);

inline constexpr std::string_view kAclUsername =
    "ERR Usernames can't contain spaces or null characters";
inline constexpr std::string_view kAclDefaultUser = "ERR The 'default' user cannot be removed";
inline constexpr std::string_view kAclGenpassBits =
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
    "number up to 4096";
inline constexpr std::string_view kAclNoFile =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
    "configuration file set) in order to store users in the Redis configuration.";
inline constexpr std::string_view kAclSave =
    "ERR There was an error trying to save the ACLs. Please check the server logs for more "
    "information";
std::string AclOpen(std::string_view file, std::string_view reason);
std::string AclDeclaration(std::string_view rule, std::string_view problem);
inline constexpr std::string_view kAclUserSpaces = "Spaces not allowed in ACL usernames";
inline constexpr std::string_view kAclTwice =
    "Duplicate user found. A user can only be defined once in config files";
// What is wrong with a line of a file of users, each ending with a blank.
std::string AclLine(std::string_view file, size_t line, std::string_view problem);
std::string AclLineRule(std::string_view rule, std::string_view problem);
std::string AclLineUsername(std::string_view file, size_t line, std::string_view name);
std::string AclLineTwice(std::string_view name, size_t line);
inline constexpr std::string_view kAclLineParenthesis =
    "Unmatched parenthesis in selector definition.";
std::string AclNothingLoaded(std::string_view problems);
std::string AclUnknownCategory(std::string_view name);
std::string AclUserNotFound(std::string_view name);
std::string AclCommandNotFound(std::string_view name);

// --- Publish and subscribe ---------------------------------------------------------------------
// `command` as its full name, "client|id".
std::string NotWhileSubscribed(std::string_view command);
// Where each command has to have one reply; upper-case name.
std::string SubscribeDenied(std::string_view command);
inline constexpr std::string_view kMonitorDenied =
    "ERR MONITOR isn't allowed for DENY BLOCKING client";

// --- Server ------------------------------------------------------------------------------------
inline constexpr std::string_view kNoConfigFile = "ERR The server is running without a config file";
inline constexpr std::string_view kNoShutdown = "ERR No shutdown in progress.";
std::string ConfigRewrite(std::string_view reason);
std::string ConfigUnknown(std::string_view name);
std::string ConfigFailed(std::string_view name, std::string_view reason);

// --- SLOWLOG, LATENCY --------------------------------------------------------------------------
inline constexpr std::string_view kSlowlogCount = "ERR count should be greater than or equal to -1";
std::string NoLatencySamples(std::string_view event);

// --- scripts -----------------------------------------------------------------------------------
inline constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";
inline constexpr std::string_view kScriptKeysTooMany =
    "ERR Number of keys can't be greater than number of args";
inline constexpr std::string_view kScriptKeysNegative = "ERR Number of keys can't be negative";
inline constexpr std::string_view kScriptShebang = "ERR Invalid script shebang";
inline constexpr std::string_view kScriptNoEngine = "ERR Invalid engine in script shebang";
std::string ScriptEngine(std::string_view engine);
std::string ScriptShebangOption(std::string_view option);
std::string ScriptShebangFlag(std::string_view flag);
std::string ScriptCompile(std::string_view reason);
// An error that is not the script's, as running out of memory.
std::string ScriptFailed(std::string_view name, std::string_view reason);
// What is appended to an error: where it was raised. `source` as Lua has it ("@user_script").
std::string ScriptPlace(std::string_view name, std::string_view source, int line);
// The code of errors that scripts raise without one.
inline constexpr char kScriptCode[] = "ERR ";
inline constexpr std::string_view kScriptUnknownError = "ERR unknown error";
inline constexpr std::string_view kLuaStackLimit = "ERR reached lua stack limit";
inline constexpr std::string_view kScriptReadOnly =
    "ERR Can not execute a script with write flag using *_ro command.";
inline constexpr std::string_view kScriptOom =
    "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
inline constexpr std::string_view kScriptFlushMode =
    "ERR SCRIPT FLUSH only support SYNC|ASYNC option";
inline constexpr std::string_view kScriptDebugMode = "ERR Use SCRIPT DEBUG YES/SYNC/NO";
inline constexpr std::string_view kNoScriptDebugger = "ERR there is no debugger for scripts";
inline constexpr std::string_view kNotBusy = "NOTBUSY No scripts in execution right now.";
inline constexpr std::string_view kUnkillable =
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
    "either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE "
    "command.";
inline constexpr std::string_view kBusyScript =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
inline constexpr std::string_view kBusyFunction =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
// `place`: what ScriptPlace gives, or nothing.
std::string ScriptKilled(std::string_view place);
// Of an engine that must not stand still for ever.
inline constexpr std::string_view kScriptTooLong =
    "ERR the script was ended: it ran for too long where it could not be suspended";
inline constexpr std::string_view kScriptReplyTooLong =
    "ERR the script's reply has too many values: its tables hold each other again and again";
std::string BlocksInScript(std::string_view command);
// As a script gets them ("-CODE text").
inline constexpr std::string_view kUnknownInScript =
    "-ERR Unknown Redis command called from script";
inline constexpr std::string_view kArityInScript =
    "-ERR Wrong number of args calling Redis command from script";
inline constexpr std::string_view kNotInScript =
    "-ERR This Redis command is not allowed from script";
inline constexpr std::string_view kWriteInReadOnlyScript =
    "-ERR Write commands are not allowed from read-only scripts.";
std::string DeniedInScript(std::string_view reason);

// --- FUNCTION ----------------------------------------------------------------------------------
inline constexpr std::string_view kFunctionFlushMode =
    "ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
inline constexpr std::string_view kFunctionLibraryName = "ERR library name argument was not given";
std::string UnknownFunctionArgument(std::string_view argument);
std::string UnknownFunctionOption(std::string_view option);
inline constexpr std::string_view kFunctionCodeMissing = "ERR Function code is missing";
inline constexpr std::string_view kFunctionNotFound = "ERR Function not found";
inline constexpr std::string_view kFunctionKeyCount = "ERR Bad number of keys provided";
inline constexpr std::string_view kLibraryNotFound = "ERR Library not found";
inline constexpr std::string_view kRestorePolicy =
    "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.";
inline constexpr std::string_view kLibraryPayload = "ERR Failed loading library payload";
inline constexpr std::string_view kPreGaFunction = "ERR Pre-GA function format not supported";
inline constexpr std::string_view kNotAFunction = "ERR given type is not a function";
inline constexpr std::string_view kLibraryMetadataMissing = "ERR Missing library metadata";
inline constexpr std::string_view kLibraryMetadata = "ERR Invalid library metadata";
std::string LibraryMetadataValue(std::string_view value);
inline constexpr std::string_view kLibraryNamedTwice =
    "ERR Invalid metadata value, name argument was given multiple times";
inline constexpr std::string_view kLibraryNotNamed = "ERR Library name was not given";
inline constexpr std::string_view kLibraryNameChars =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least "
    "one character long";
std::string LibraryEngine(std::string_view engine);
std::string LibraryExists(std::string_view name);
std::string RestoredLibraryExists(std::string_view name);
std::string FunctionExists(std::string_view name);
inline constexpr std::string_view kNoFunctions = "ERR No functions registered";
std::string LibraryCompile(std::string_view reason);
std::string LibraryFailed(std::string_view error);
inline constexpr std::string_view kLibraryTimeout = "ERR FUNCTION LOAD timeout";

// --- DEBUG -------------------------------------------------------------------------------------
inline constexpr std::string_view kPackedThreshold =
    "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
inline constexpr std::string_view kNeedsResp3 = "ERR RESP2 is not supported by this command";
inline constexpr std::string_view kProtocolType =
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";
inline constexpr std::string_view kDebugDatabase = "ERR Out of range database";
inline constexpr std::string_view kNoHashTable =
    "ERR The value stored at the specified key is not represented using an hash table";
inline constexpr std::string_view kNoSdsString = "ERR Not an sds encoded string.";
// Of an engine that lives in somebody's program.
inline constexpr std::string_view kCrashEmbedded = "ERR only a server process can be made to crash";
std::string NotEncodedAs(std::string_view encoding);

// --- Durability --------------------------------------------------------------------------------
inline constexpr std::string_view kNoStorage =
    "ERR This database has no files: it is kept in memory only";
inline constexpr std::string_view kSaveInProgress = "ERR Background save already in progress";
inline constexpr std::string_view kOtherJobActive =
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in "
    "order to schedule a BGSAVE whenever possible.";
inline constexpr std::string_view kRewriteInProgress =
    "ERR Background append only file rewriting already in progress";
inline constexpr std::string_view kReloadOptions =
    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
inline constexpr std::string_view kReloadLoad =
    "ERR Error trying to load the RDB dump, check server logs.";
inline constexpr std::string_view kReloadLog =
    "ERR Error trying to load the AOF files, check server logs.";
inline constexpr std::string_view kShutdownFailed = "ERR Errors trying to SHUTDOWN. Check logs.";
// What Redis says where it has nothing to say.
inline constexpr std::string_view kPlain = "ERR";

}  // namespace kvasm::errors
