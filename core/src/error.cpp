#include "slickq/error.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace slickq {
namespace {

std::string message(const std::string& object, const std::string& cause, const std::string& remedy) {
  std::string text = object.empty() ? cause : object + ": " + cause;
  if (!remedy.empty()) text += " (" + remedy + ")";
  return text;
}

Errc code_of(int system_error) noexcept {
  switch (system_error) {
    case ENOENT: return Errc::not_found;
    case EEXIST: return Errc::exists;
    case EACCES:
    case EPERM:
    case EROFS: return Errc::permission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM: return Errc::no_space;
    case EBUSY:
    case EWOULDBLOCK: return Errc::busy;
    case EINVAL:
    case ENAMETOOLONG: return Errc::invalid_argument;
    default: return Errc::system;
  }
}

}  // namespace

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_found: return "not_found";
    case Errc::exists: return "exists";
    case Errc::mismatch: return "mismatch";
    case Errc::busy: return "busy";
    case Errc::permission: return "permission";
    case Errc::corrupt: return "corrupt";
    case Errc::no_space: return "no_space";
    case Errc::exhausted: return "exhausted";
    case Errc::system: return "system";
  }
  return "unknown";
}

Error::Error(Errc code, std::string object, std::string cause, std::string remedy, int system_error)
    : std::runtime_error(message(object, cause, remedy)),
      code_(code),
      object_(std::move(object)),
      cause_(std::move(cause)),
      remedy_(std::move(remedy)),
      system_error_(system_error) {}

Error system_failure(std::string object, std::string_view action, int system_error, std::string remedy) {
  if (system_error == EMFILE && remedy.empty()) {
    remedy = "raise the limit of open files: ulimit -n, or LimitNOFILE= of the unit";
  }
  std::string cause = std::string(action) + ": " + std::generic_category().message(system_error);
  return {code_of(system_error), std::move(object), std::move(cause), std::move(remedy), system_error};
}

}  // namespace slickq
