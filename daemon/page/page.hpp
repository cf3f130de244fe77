// The status page at /: one HTML file without a request to elsewhere, made at build time of the files beside this one.
//
// Thread safety: constants.
#pragma once

#include <string_view>

namespace slickqd {

extern const std::string_view kPage;
/// For the header Content-Security-Policy: this page's own style and script, requests to where it came from.
extern const std::string_view kPagePolicy;

}  // namespace slickqd
