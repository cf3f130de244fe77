#include "boundary.hpp"

#include <array>
#include <exception>
#include <iterator>
#include <new>

#include "slickq/version.hpp"

namespace slickq::c {
namespace {

// No std::string: the message that memory is exhausted needs a place, too.
struct LastError {
  std::array<char, 2048> message;
  int system_error;
};
thread_local LastError last_error{};

class Writer {
 public:
  void write(std::string_view text) noexcept {
    const std::size_t room = last_error.message.size() - 1 - used_;
    const std::size_t bytes = std::min(text.size(), room);
    text.copy(last_error.message.data() + used_, bytes);
    used_ += bytes;
    last_error.message[used_] = '\0';
  }

 private:
  std::size_t used_ = 0;
};

slickq_status status_of(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return SLICKQ_INVALID_ARGUMENT;
    case Errc::not_found: return SLICKQ_NOT_FOUND;
    case Errc::exists: return SLICKQ_EXISTS;
    case Errc::mismatch: return SLICKQ_MISMATCH;
    case Errc::busy: return SLICKQ_BUSY;
    case Errc::permission: return SLICKQ_PERMISSION;
    case Errc::corrupt: return SLICKQ_CORRUPT;
    case Errc::no_space: return SLICKQ_NO_SPACE;
    case Errc::exhausted: return SLICKQ_EXHAUSTED;
    case Errc::system: return SLICKQ_SYSTEM;
  }
  return SLICKQ_INTERNAL;
}

}  // namespace

slickq_status fail(slickq_status status, std::string_view object, std::string_view cause) noexcept {
  last_error.system_error = 0;
  Writer writer;
  writer.write(object);
  if (!object.empty()) writer.write(": ");
  writer.write(cause);
  return status;
}

slickq_status is_null(const char* call, const char* argument) noexcept {
  last_error.system_error = 0;
  Writer writer;
  for (const char* part : {call, ": ", argument, " is NULL (give it one that is not)"}) writer.write(part);
  return SLICKQ_INVALID_ARGUMENT;
}

slickq_status fail_by_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    const slickq_status status = fail(status_of(error.code()), {}, error.what());
    last_error.system_error = error.system_error();
    return status;
  } catch (const std::bad_alloc&) {
    return fail(SLICKQ_NO_MEMORY, {}, "the program has no memory left (free some, or raise its limit)");
  } catch (const std::exception& error) {
    return fail(SLICKQ_INTERNAL, "defect of libslickq", error.what());
  } catch (...) {
    return fail(SLICKQ_INTERNAL, "defect of libslickq", "an exception of unknown type");
  }
}

std::uint32_t choice(const char* call, const char* member, std::uint32_t value, std::uint32_t last) {
  if (value <= last) return value;
  throw invalid(call, std::string(member) + " is " + std::to_string(value), "0 to " + std::to_string(last));
}

Wait wait_of(const char* call, std::uint32_t given, Wait by_default) {
  switch (choice(call, "wait", given, SLICKQ_WAIT_BLOCK)) {
    case SLICKQ_WAIT_SPIN: return Wait::spin();
    case SLICKQ_WAIT_YIELD: return Wait::yield();
    case SLICKQ_WAIT_BACKOFF: return Wait::backoff();
    case SLICKQ_WAIT_BLOCK: return Wait::block();
    default: return by_default;
  }
}

}  // namespace slickq::c

const char* slickq_status_name(int status) noexcept {
  constexpr std::array<const char*, 9> kAnswers{"ok",         "empty", "reset",       "too_small", "timed_out",
                                                "obstructed", "late",  "overwritten", "changed"};
  constexpr std::array<const char*, 13> kErrors{"invalid_argument", "not_found", "exists",   "mismatch",  "busy",
                                                "permission",       "corrupt",   "no_space", "exhausted", "system",
                                                "too_large",        "no_memory", "internal"};
  static_assert(kAnswers.size() == SLICKQ_CHANGED + 1 && kErrors.size() == -SLICKQ_INTERNAL);
  if (status >= 0 && status <= SLICKQ_CHANGED) return kAnswers[static_cast<std::size_t>(status)];
  if (status < 0 && status >= SLICKQ_INTERNAL) return kErrors[static_cast<std::size_t>(-1 - status)];
  return "unknown";
}

const char* slickq_error_message() noexcept { return slickq::c::last_error.message.data(); }
int slickq_error_errno() noexcept { return slickq::c::last_error.system_error; }
const char* slickq_version() noexcept { return SLICKQ_VERSION; }
std::uint32_t slickq_abi_version() noexcept { return SLICKQ_ABI_VERSION; }
