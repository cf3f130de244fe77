// The name the header had before release 2.
#pragma once

#include "slick/queue.hpp"
